package main

import (
	"github.com/go-viper/mapstructure/v2"
	multiarch "github.com/multiarch/pulumi-multiarch-builder/sdk/go/multiarchbuilder"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		infra, err := pulumi.NewStackReference(ctx, conf.Require("infra"), nil)
		if err != nil {
			return err
		}
		web, err := multiarch.NewMultiArchImage(ctx, "web", &multiarch.MultiArchImageArgs{
			Builder:       infra.GetOutput(pulumi.String("builder")).ApplyT(as[multiarch.Builder]).(multiarch.BuilderOutput),
			Credentials:   infra.GetOutput(pulumi.String("builderCredentials")).ApplyT(as[multiarch.BuilderCredentials]).(multiarch.BuilderCredentialsOutput),
			RepositoryUrl: pulumi.String(conf.Require("repositoryUrl")),
			Context:       pulumi.String("./web"),
			Tags:          pulumi.StringArray{pulumi.String(conf.Require("version"))},
		})
		if err != nil {
			return err
		}
		ctx.Export("image", web.Ref)
		return nil
	})
}

// as gives an output of another stack, which comes as a map, the type that the component takes.
func as[T any](output any) (typed T, err error) {
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{TagName: "pulumi", Result: &typed})
	if err != nil {
		return typed, err
	}
	return typed, decoder.Decode(output)
}
