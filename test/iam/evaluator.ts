/** A policy document as far as the components use the language. */
export interface PolicyDocument {
    Version: string;
    Statement: PolicyStatement[];
}

export interface PolicyStatement {
    Sid: string;
    Effect: "Allow" | "Deny";
    Action: string | string[];
    /** A policy of a role's trust or of a repository has none: it is about that thing. */
    Resource?: string | string[];
    /** In policies of a resource: who is given the right. */
    Principal?: "*" | Partial<Record<"AWS" | "Service" | "Federated", string | string[]>>;
    Condition?: Record<string, Record<string, string | string[]>>;
}

/** A call as AWS judges it. */
export interface Call {
    action: string;
    /** ARN; what a policy without resources is about, it is about anyway. */
    resource?: string;
    /** ARN of a role or user, or name of a service; needed by policies of a resource. */
    principal?: string;
    /** Condition keys that the call brings. */
    context?: Record<string, string>;
}

/**
 * Whether a document allows a call: some statement does, and none denies it. What the components do not use is refused, so
 * that nothing is judged by a rule that is not here.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function allows(document: PolicyDocument, call: Call): boolean {
    const matching = document.Statement.filter((statement) => matches(statement, call));
    return matching.length > 0 && matching.every(({ Effect }) => Effect === "Allow");
}

/** A value or a list of them. */
export function list<T>(value: T | T[]): T[] {
    return Array.isArray(value) ? value : [value];
}

const parts = new Set(["Sid", "Effect", "Action", "Resource", "Principal", "Condition"]);

function matches(statement: PolicyStatement, { action, resource = "", principal, context = {} }: Call): boolean {
    const unknown = Object.keys(statement).find((key) => !parts.has(key));
    if (unknown !== undefined) {
        throw new Error(`the evaluator knows no ${unknown}`);
    }
    const { Action, Resource, Principal, Condition = {} } = statement;
    return (
        list(Action).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase())) &&
        (Resource === undefined || list(Resource).some((pattern) => like(filled(pattern, context), resource))) &&
        (Principal === undefined || isOneOf(Principal, principal)) &&
        Object.entries(Condition).every(([operator, keys]) =>
            Object.entries(keys).every(([key, values]) => holds(operator, context[key], list(values))),
        )
    );
}

/** Puts the caller's own values into a pattern's variables; a variable without value matches nothing. */
function filled(pattern: string, context: Record<string, string>): string {
    return pattern.replace(/\$\{([^}]+)\}/g, (_, key: string) => context[key] ?? "\0");
}

function like(pattern: string, text: string): boolean {
    const source = pattern
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replace(/\*/g, ".*")
        .replace(/\?/g, ".");
    return new RegExp(`^${source}$`, "s").test(text);
}

/** An account stands for whoever is in it. */
function isOneOf(principals: NonNullable<PolicyStatement["Principal"]>, caller: string | undefined): boolean {
    if (principals === "*") {
        return true;
    }
    const account = /^arn:[^:]+:[^:]+::(\d{12}):/.exec(caller ?? "")?.[1];
    return Object.values(principals)
        .flatMap((each) => list(each))
        .some((each) => each === caller || (account !== undefined && accountOf(each) === account));
}

function accountOf(principal: string): string | undefined {
    return /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/.exec(principal)?.[1];
}

function holds(operator: string, actual: string | undefined, wanted: string[]): boolean {
    const ifExists = operator.endsWith("IfExists");
    const test = operators[ifExists ? operator.slice(0, -"IfExists".length) : operator];
    if (!test) {
        throw new Error(`the evaluator knows no operator ${operator}`);
    }
    return actual === undefined ? ifExists : wanted.some((value) => test(value, actual));
}

const operators: Record<string, (wanted: string, actual: string) => boolean> = {
    StringEquals: (wanted, actual) => wanted === actual,
    StringLike: like,
    ArnEquals: like,
    ArnLike: like,
    Bool: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
};
