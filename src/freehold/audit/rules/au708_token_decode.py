"""AU708: a token is decoded without being checked."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Module

_PYJWT = ("jwt.decode", "jwt.api_jwt.decode")
_JOSE = ("jose.jwt.decode",)
_REQUIRED = ("algorithms", "audience", "issuer")


def _check(module: Module) -> Iterator[Found]:
    for call in module.calls:
        name = module.name_of(call.func)
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        if name in (*_PYJWT, *_JOSE):
            lacking = [word for word in _REQUIRED if word not in keywords]
            if _off(keywords.get("options")):
                yield module.found(call, f"{name} is told not to verify the token: anybody can write one.", _FIX)
            elif lacking or not _requires(keywords.get("options")):
                what = lacking or ["exp, iat and sub"]
                yield module.found(call, f"{name} does not require {', '.join(what)}.", _FIX)
        elif name == "joserfc.jwt.decode" and "algorithms" not in keywords and len(call.args) < 3:
            yield module.found(call, "joserfc.jwt.decode without algorithms takes the token's own word for it.", _FIX)
        elif name.endswith(("get_unverified_claims", "get_unverified_header")) or name == "authlib.jose.jwt.decode":
            yield module.found(call, f"{name} reads a token without checking it.", _FIX)


def _off(options: ast.expr | None) -> bool:
    return isinstance(options, ast.Dict) and any(
        isinstance(key, ast.Constant)
        and str(key.value).startswith("verify_")
        and isinstance(value, ast.Constant)
        and value.value is False
        for key, value in zip(options.keys, options.values, strict=True)
    )


def _requires(options: ast.expr | None) -> bool:
    if options is None or isinstance(options, ast.Name):
        return options is not None
    return isinstance(options, ast.Dict) and any(
        isinstance(key, ast.Constant) and key.value == "require" for key in options.keys
    )


_FIX = (
    'jwt.decode(token, key, algorithms=["ES256"], audience="authenticated", issuer=ISSUER,\n'
    '           options={"require": ["exp", "iat", "sub"]})'
)

RULE = Rule(
    id="AU708",
    title="A token is not fully checked",
    severity=Severity.ERROR,
    why="Without fixed algorithms a token says itself how it is to be checked (none, or HMAC with a public key). Without "
    "audience and issuer another service's token is good here; without exp it is good for ever.",
    remedy="Fix the algorithms of the key's family; require aud, iss, exp, iat and sub. freehold.auth does.",
    about=Module,
    check=_check,
    example=Example(
        'import jwt\n\nclaims = jwt.decode(token, key, algorithms=["RS256"])\n',
        'import jwt\n\nclaims = jwt.decode(\n    token,\n    key,\n    algorithms=["RS256"],\n    audience="authenticated",\n'
        '    issuer=ISSUER,\n    options={"require": ["exp", "iat", "sub"]},\n)\n',
    ),
)
