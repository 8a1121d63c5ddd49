import * as ts from "typescript";
import { type Words, typeInWords } from "./typeInWords";

/** A field of an interface, or an output of a component. */
export interface Property extends Words {
    name: string;
    required: boolean;
    docs: string;
}

/** A function, or a method of a component. */
export interface Callable {
    name: string;
    signature: string;
    docs: string;
}

/** What the library exports, each with its doc comment. */
export type Declaration =
    | { kind: "component"; name: string; docs: string; args: string; outputs: Property[]; methods: Callable[] }
    | { kind: "interface"; name: string; docs: string; bases: string[]; properties: Property[] }
    | { kind: "enum"; name: string; docs: string; values: { name: string; value: string; docs: string }[] }
    | ({ kind: "function" } & Callable);

/** Reads every export of a module; one that has no doc comment is an error, and so is a type that is not exported. */
export function declarationsOf(entry: string): Declaration[] {
    const options: ts.CompilerOptions = {
        strict: true,
        module: ts.ModuleKind.Node16,
        moduleResolution: ts.ModuleResolutionKind.Node16,
        noLib: true,
    };
    const host = ts.createCompilerHost(options);
    // Types are told as they are written: the SDKs behind them, some thousand files, need not be read.
    host.resolveModuleNameLiterals = (literals, from) =>
        literals.map(({ text }) =>
            text.startsWith(".") ? ts.resolveModuleName(text, from, options, host) : { resolvedModule: undefined },
        );
    const program = ts.createProgram([entry], options, host);
    const checker = program.getTypeChecker();
    const source = program.getSourceFile(entry);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) {
        throw new Error(`${entry} exports nothing`);
    }
    const exported = checker
        .getExportsOfModule(module)
        .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
    const names = new Set(exported.map(({ name }) => name));
    return exported.map((symbol) => describe(symbol, new Reader(checker, names)));
}

function describe(symbol: ts.Symbol, reader: Reader): Declaration {
    const { name } = symbol;
    const declaration = symbol.declarations?.[0];
    const docs = reader.docs(symbol, name);
    if (declaration && ts.isClassDeclaration(declaration)) {
        return { kind: "component", name, docs, ...reader.component(declaration) };
    }
    if (declaration && ts.isInterfaceDeclaration(declaration)) {
        return { kind: "interface", name, docs, ...reader.fields(declaration) };
    }
    if (declaration && ts.isEnumDeclaration(declaration)) {
        return { kind: "enum", name, docs, values: reader.values(declaration) };
    }
    if (declaration && ts.isFunctionDeclaration(declaration)) {
        return { kind: "function", name, docs, signature: signatureOf(declaration) };
    }
    throw new Error(`${name} is no class, interface, enum or function`);
}

class Reader {
    constructor(
        private readonly checker: ts.TypeChecker,
        private readonly names: ReadonlySet<string>,
    ) {}

    /** The text of a symbol's doc comment. */
    docs(symbol: ts.Symbol, at: string): string {
        const text = ts.displayPartsToString(symbol.getDocumentationComment(this.checker)).trim();
        if (text === "") {
            throw new Error(`${at} has no doc comment`);
        }
        return text;
    }

    component(declaration: ts.ClassDeclaration) {
        const owner = declaration.name!.text;
        const constructor = declaration.members.find(ts.isConstructorDeclaration);
        const isPublic = (member: ts.ClassElement) =>
            !(ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Static));
        const members = declaration.members.filter(isPublic);
        return {
            args: constructor?.parameters[1]?.type?.getText() ?? "",
            outputs: members.filter(ts.isPropertyDeclaration).map((member) => this.property(owner, member)),
            methods: members.filter(ts.isMethodDeclaration).map((method) => ({
                name: method.name.getText(),
                signature: signatureOf(method),
                docs: this.docs(this.symbol(method), `${owner}.${method.name.getText()}`),
            })),
        };
    }

    fields(declaration: ts.InterfaceDeclaration) {
        const owner = declaration.name.text;
        const bases = (declaration.heritageClauses ?? []).flatMap(({ types }) => types.map((type) => type.getText()));
        const hidden = bases.find((base) => !this.names.has(base));
        if (hidden) {
            throw new Error(`${owner} extends ${hidden}, which is not exported`);
        }
        return {
            bases,
            properties: declaration.members
                .filter(ts.isPropertySignature)
                .map((member) => this.property(owner, member)),
        };
    }

    values(declaration: ts.EnumDeclaration) {
        return declaration.members.map((member) => {
            const name = `${declaration.name.text}.${member.name.getText()}`;
            const value = String(this.checker.getConstantValue(member));
            return { name, value, docs: this.docs(this.symbol(member), name) };
        });
    }

    private property(owner: string, member: ts.PropertySignature | ts.PropertyDeclaration): Property {
        const name = member.name.getText();
        if (!member.type) {
            throw new Error(`${owner}.${name} has no type`);
        }
        return {
            name,
            ...typeInWords(member.type, this.names, `${owner}.${name}`),
            required: member.questionToken === undefined,
            docs: this.docs(this.symbol(member), `${owner}.${name}`),
        };
    }

    private symbol(node: ts.NamedDeclaration): ts.Symbol {
        return this.checker.getSymbolAtLocation(node.name!)!;
    }
}

function signatureOf(declaration: ts.SignatureDeclaration): string {
    const text = (node: ts.Node) => node.getText().replace(/\s+/g, " ");
    const result = declaration.type ? `: ${text(declaration.type)}` : "";
    return `${declaration.name!.getText()}(${declaration.parameters.map(text).join(", ")})${result}`;
}
