import * as ts from "typescript";

/** A type in words. */
export interface Words {
    type: string;
    /** Whether a value of it must be known when the program runs. */
    plain: boolean;
    /** The interface that it is made of, unless the whole may be known later. */
    nested?: string;
}

const scalars = new Map([
    [ts.SyntaxKind.StringKeyword, "string"],
    [ts.SyntaxKind.NumberKeyword, "number"],
    [ts.SyntaxKind.BooleanKeyword, "boolean"],
]);

/** The words for a type; `names` are the types that the page has a heading for. */
export function typeInWords(node: ts.TypeNode, names: ReadonlySet<string>, at: string): Words {
    const scalar = scalars.get(node.kind);
    if (scalar) {
        return { type: scalar, plain: true };
    }
    if (ts.isArrayTypeNode(node)) {
        const element = typeInWords(node.elementType, names, at);
        return { ...element, type: `list of ${element.type}` };
    }
    if (ts.isUnionTypeNode(node)) {
        const [known, ...others] = node.types.filter((type) => type.kind !== ts.SyntaxKind.UndefinedKeyword);
        if (known && others.length === 0) {
            return typeInWords(known, names, at);
        }
    }
    if (ts.isTypeReferenceNode(node)) {
        return reference(node, names, at);
    }
    throw new Error(`${at} has a type that the reference has no words for: ${node.getText()}`);
}

function reference(node: ts.TypeReferenceNode, names: ReadonlySet<string>, at: string): Words {
    const name = node.typeName.getText();
    const of = (i: number) => typeInWords(node.typeArguments![i]!, names, at);
    if (name === "pulumi.Input" || name === "pulumi.Output") {
        return { type: of(0).type, plain: false };
    }
    if (name === "Record") {
        return { ...of(1), type: `map of ${of(1).type}` };
    }
    if (!names.has(name)) {
        throw new Error(`${at} has the type ${name}, which components/index.ts does not export`);
    }
    // What is in an object says itself which of it is plain.
    return { type: `[${name}](#${name.toLowerCase()})`, plain: false, nested: name };
}
