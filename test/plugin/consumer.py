# Prints the constructor calls of a Python program as JSON: [[class, [keyword, ...]], ...].
import ast
import json
import sys

tree = ast.parse(open(sys.argv[1]).read())
module = next(
    alias.asname or alias.name
    for node in ast.walk(tree)
    if isinstance(node, ast.Import)
    for alias in node.names
    if alias.name == sys.argv[2]
)
calls = [
    [node.func.attr, [keyword.arg for keyword in node.keywords]]
    for node in ast.walk(tree)
    if isinstance(node, ast.Call)
    and isinstance(node.func, ast.Attribute)
    and isinstance(node.func.value, ast.Name)
    and node.func.value.id == module
]
print(json.dumps(calls))
