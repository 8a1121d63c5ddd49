/** What is expected of a framework's rules. */
export interface Rules {
    /** Rules that an auditor asks for, by what they are about. Each must be evaluated on a resource of the components. */
    wanted: Record<string, string[]>;
    /** Rules about the components' types, or that an auditor may ask for, that have nothing to look at, and why. */
    notRun: Record<string, string>;
    /** Types that Checkov has no rule about. */
    withoutRules: string[];
    /** File of what is wrong on purpose. */
    control: string;
}

const wanted: Rules["wanted"] = {
    "instance metadata, monitoring, role": ["CKV_AWS_79", "CKV_AWS_126", "CKV_AWS_135", "CKV2_AWS_41"],
    "machines of a cluster": ["CKV_AWS_341", "CKV_AWS_100"],
    "no public address, no secret in user data": ["CKV_AWS_88", "CKV_AWS_46"],
    "encrypted volumes": ["CKV_AWS_3", "CKV_AWS_8", "CKV_AWS_189", "CKV2_AWS_2"],
    "security groups": [
        ...["CKV_AWS_23", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277", "CKV_AWS_382"],
        "CKV2_AWS_5",
    ],
    repositories: ["CKV_AWS_32", "CKV_AWS_51", "CKV_AWS_136", "CKV_AWS_163"],
    "roles and policies": [
        ...["CKV_AWS_60", "CKV_AWS_61", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_274", "CKV2_AWS_40", "CKV_AWS_393"],
        ...["CKV_AWS_286", "CKV_AWS_287", "CKV_AWS_288", "CKV_AWS_289", "CKV_AWS_290", "CKV_AWS_355"],
    ],
    parameters: ["CKV_AWS_337", "CKV2_AWS_34"],
    logs: ["CKV_AWS_66", "CKV_AWS_158", "CKV_AWS_338"],
    keys: ["CKV_AWS_7", "CKV_AWS_33", "CKV_AWS_227", "CKV2_AWS_64"],
    names: ["CKV2_AWS_23", "CKV2_AWS_38", "CKV2_AWS_39"],
};

const notRun: Rules["notRun"] = {
    CKV2_AWS_7: "graph rule about EMR clusters, of which there are none",
    CKV2_AWS_9: "looks at selections of AWS Backup: a cache is not backed up, it can be built again",
    CKV2_AWS_36: "graph rule about downloads by Terraform, of which there are none",
    CKV2_AWS_37: "graph rule about CodeCommit repositories, of which there are none; Checkov lists it for every type",
    CKV2_AWS_68: "graph rule about SageMaker notebooks, of which there are none",
    CKV2_AWS_75: "graph rule about Lambda function URLs, of which there are none; Checkov lists it for every type",
};

/** Rules about resources of AWS. */
export const awsRules: Rules = { wanted, notRun, withoutRules: [], control: "dev/audit/wrong.ts" };

/** Rules about a builder's objects on a cluster. */
export const kubernetesRules: Rules = {
    wanted: {
        "network policies": ["CKV2_K8S_6"],
        "rights and accounts": [
            ...["CKV_K8S_38", "CKV_K8S_41", "CKV_K8S_42", "CKV_K8S_49", "CKV_K8S_157", "CKV_K8S_158"],
            ...["CKV2_K8S_1", "CKV2_K8S_2", "CKV2_K8S_3", "CKV2_K8S_4", "CKV2_K8S_5"],
        ],
        "the machine's namespaces, ports and container engine": [
            ...["CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19", "CKV_K8S_26", "CKV_K8S_27"],
        ],
        "image by digest, secrets as files, own namespace": ["CKV_K8S_14", "CKV_K8S_43", "CKV_K8S_35", "CKV_K8S_21"],
        "probes and memory": ["CKV_K8S_8", "CKV_K8S_9", "CKV_K8S_12", "CKV_K8S_13"],
        privileges: ["CKV_K8S_16", "CKV_K8S_20", "CKV_K8S_22", "CKV_K8S_23", "CKV_K8S_28", "CKV_K8S_31", "CKV_K8S_40"],
    },
    notRun: {
        CKV_K8S_44: "looks at services of Tiller, of which there are none",
        CKV_K8S_45: "looks at containers of Tiller, of which there are none",
        CKV_K8S_140: "looks at the kubelet's command, which is not a builder's",
    },
    withoutRules: ["Namespace", "NetworkPolicy", "StorageClass"],
    control: "dev/audit/wrongManifests.ts",
};
