#!/bin/sh
# Reads the node's certificate, its key and the clients' CA from SSM into a directory in memory, and checks that the
# three fit together and carry the node's name. Usage: fetch-tls.sh [DIRECTORY]
. "${0%/*}/lib.sh"

[ $# -le 1 ] || usage "takes one directory"
directory=${1:-$TLS_DIR}
umask 077
mkdir -p "$directory"
chmod 0700 "$directory"
cd "$directory"

fetch() { # PARAMETER FILE
    attempt=1
    until aws ssm get-parameters --region "$REGION" --names "$1" --with-decryption --output text \
        --cli-connect-timeout 5 --cli-read-timeout 10 \
        --query 'Parameters[0].Value' >"$2.new" 2>"$2.error" && grep -q '^-----BEGIN ' "$2.new"; do
        reason=$(tail -n 1 "$2.error")
        # Only a message of the client itself is shown: a value could be a secret in the wrong place.
        log "parameter $1, attempt $attempt of $FETCH_ATTEMPTS: ${reason:-it does not exist, or holds no PEM text}"
        if [ "$attempt" -ge "$FETCH_ATTEMPTS" ]; then
            rm -f "$2.new" "$2.error"
            return 1
        fi
        attempt=$((attempt + 1))
        sleep "$FETCH_DELAY"
    done
    rm -f "$2.error"
}

fetch "$PARAMETER_CERT" cert.pem &
cert=$!
fetch "$PARAMETER_KEY" key.pem &
key=$!
fetch "$PARAMETER_CA" ca.pem &
ca=$!
failed=
wait $cert || failed=$PARAMETER_CERT
wait $key || failed=$PARAMETER_KEY
wait $ca || failed=$PARAMETER_CA
if [ -n "$failed" ]; then
    rm -f ./*.new
    fail "cannot read $failed in $REGION: check that it exists and that the instance's role may read it with ssm:GetParameters and kms:Decrypt"
fi

check() {
    [ "$(openssl x509 -noout -pubkey -in cert.pem.new)" = "$(openssl pkey -pubout -in key.pem.new)" ] ||
        fail "the key in $PARAMETER_KEY does not belong to the certificate in $PARAMETER_CERT"
    openssl x509 -noout -checkhost "$SERVER_NAME" -in cert.pem.new | grep -q 'does match' ||
        fail "the certificate in $PARAMETER_CERT does not carry the name $SERVER_NAME"
    openssl x509 -noout -checkend 0 -in cert.pem.new >/dev/null ||
        fail "the certificate in $PARAMETER_CERT has expired ($(openssl x509 -noout -enddate -in cert.pem.new)): run \`pulumi up\` to renew it"
    openssl x509 -noout -in ca.pem.new >/dev/null 2>&1 || fail "$PARAMETER_CA holds no certificate"
}

if ! (check); then
    rm -f ./*.new
    exit 1
fi
for file in cert key ca; do
    mv "$file.pem.new" "$file.pem"
done
log "certificate for $SERVER_NAME, $(openssl x509 -noout -enddate -in cert.pem)"
