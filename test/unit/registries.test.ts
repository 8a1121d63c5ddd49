import { parseEcrHost } from "../../components/image/ecrHost";

const id = "123456789012";

test.each([
    [`${id}.dkr.ecr.eu-central-1.amazonaws.com`, "eu-central-1"],
    [`${id}.dkr.ecr.cn-north-1.amazonaws.com.cn`, "cn-north-1"],
    [`${id}.dkr.ecr-fips.us-gov-west-1.amazonaws.com`, "us-gov-west-1"],
    [`${id}.dkr-ecr.us-west-2.on.aws`, "us-west-2"],
    [`${id}.dkr-ecr-fips.us-east-1.on.aws`, "us-east-1"],
    [`${id}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`, "cn-north-1"],
    [`${id}.dkr.ecr.eusc-de-east-1.amazonaws.eu`, "eusc-de-east-1"],
    [`${id}.dkr.ecr.us-iso-east-1.c2s.ic.gov`, "us-iso-east-1"],
    [`${id}.DKR.ECR.EU-CENTRAL-1.amazonaws.com`, "eu-central-1"],
])("%s is ECR in %s", (host, region) => {
    expect(parseEcrHost(host)).toEqual({ registryId: id, region });
});

test.each([
    "docker.io",
    "ghcr.io",
    "public.ecr.aws",
    `${id}.dkr.ecr.eu-central-1.amazonaws.com.evil.test`,
    `${id}.dkr.ecr.eu-central-1.evil.test`,
    `x${id}.dkr.ecr.eu-central-1.amazonaws.com`,
    `12345.dkr.ecr.eu-central-1.amazonaws.com`,
    `${id}.dkr.ecr..amazonaws.com`,
    `${id}.dkr.ecr.eu-central-1.amazonaws.com:443`,
    `${id}.s3.eu-central-1.amazonaws.com`,
    "",
])("%j is not", (host) => {
    expect(parseEcrHost(host)).toBeUndefined();
});
