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

# value PARAMETER: a query for its value; a parameter is given by its name or its ARN.
value() {
    printf "Parameters[?Name=='%s' || ARN=='%s'].Value | [0]" "$1" "$1"
}

# Prints the parameters that it got no value for. The values come with a tab between them, which PEM text has none of.
fetch() {
    rm -f ./*.new
    aws ssm get-parameters --region "$REGION" --names "$PARAMETER_CERT" "$PARAMETER_KEY" "$PARAMETER_CA" \
        --with-decryption --output text --cli-connect-timeout 5 --cli-read-timeout 10 \
        --query "[$(value "$PARAMETER_CERT"), $(value "$PARAMETER_KEY"), $(value "$PARAMETER_CA")]" 2>error |
        awk -v RS='\t' '{ sub(/\n+$/, ""); print >("value" NR ".new") }'
    take 1 cert.pem "$PARAMETER_CERT"
    take 2 key.pem "$PARAMETER_KEY"
    take 3 ca.pem "$PARAMETER_CA"
}

take() { # NUMBER FILE PARAMETER
    if grep -qs '^-----BEGIN ' "value$1.new"; then
        mv "value$1.new" "$2.new"
    else
        printf '%s ' "$3"
    fi
}

attempt=1
while missing=$(fetch) && [ -n "$missing" ]; do
    # Only a message of the client itself is shown: a value could be a secret in the wrong place.
    reason=$(tail -n 1 error)
    log "parameters ${missing}attempt $attempt of $FETCH_ATTEMPTS: ${reason:-they do not exist, or hold no PEM text}"
    if [ "$attempt" -ge "$FETCH_ATTEMPTS" ]; then
        rm -f ./*.new error
        fail "cannot read ${missing}in $REGION: check that it exists and that the instance's role may read it with ssm:GetParameters and kms:Decrypt"
    fi
    attempt=$((attempt + 1))
    sleep "$FETCH_DELAY"
done
rm -f error

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
