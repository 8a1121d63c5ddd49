import pulumi
import multiarch_multiarch_builder as multiarch

config = pulumi.Config()
infra = pulumi.StackReference(config.require("infra"))

web = multiarch.MultiArchImage(
    "web",
    builder=infra.require_output("builder"),
    credentials=infra.require_output("builderCredentials"),
    repository_url=config.require("repositoryUrl"),
    context="./web",
    tags=[config.require("version")],
)

pulumi.export("image", web.ref)
