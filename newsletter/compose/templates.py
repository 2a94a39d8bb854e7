"""Templates to strings: sandboxed Jinja, escaped for MJML and plain for text, and errors that name file and line."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import mjml
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from newsletter.compose.slots import tighten
from newsletter.compose.wrapping import wrap
from newsletter.errors import TemplateError
from newsletter.tongue.tongue import ENGLISH, fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.tongue.tongue import Tongue

# What a template's own code can raise while it renders; anything else is our defect and may be seen as such.
_FAULTS = (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


def default_template_folder() -> Path:
    """The templates that come with the program: the copy inside an installed package, else `templates/` beside it."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_templates"
    return inside if inside.is_dir() else package.parent / "templates"


def page_environment() -> jinja2.Environment:
    """For pages that stand alone, from our own folder: reports and the demo."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(default_template_folder()),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


# Indentation whose line end went with a Jinja tag: MRML 6 refuses it in the head, and keeps it as text in the body.
_GAP = re.compile(r">(?:[ \t]+(?=</?mj-)|[ \t]{2,}(?=<))")
_OBJECT = re.compile(r"'newsletter\.[\w.]*\.(\w+?)(?:View)? object' has no attribute")
_POSITION = re.compile(r"position (\d+):")


class Templates:
    """Finds a template in the first folder that has it and renders it. Names are like `email/digest.mjml.j2`."""

    def __init__(self, folders: Sequence[Path]) -> None:
        loader = jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder) for folder in folders])
        self._escaping = _environment(loader, autoescape=True)
        self._plain = _environment(loader, autoescape=False)

    def html(self, name: str, facts: Mapping[str, Any]) -> str:
        """An `.mjml.j2` template as HTML, ended by one newline."""
        source = _GAP.sub(">\n", tighten(_render(self._escaping, name, speaking(facts, escaping=True))))
        try:
            # fonts={}: the default loads Google Fonts wherever a stack names one of five families
            html: str = mjml.mjml2html(source, disable_comments=True, fonts={})
        except ValueError as error:  # also UnicodeEncodeError
            raise TemplateError(
                f"{name} renders, but is not valid MJML: {error}{_near(source, str(error))}.",
                cure="Look for an unclosed or misspelt tag, or a bare < in the text.",
            ) from error
        if "<mj-" in html:
            tag = re.findall(r"<mj-[\w-]*", html)[0]
            raise TemplateError(f"{name} holds {tag}>, which MJML does not know.", cure="Correct the tag's name.")
        return html.rstrip() + "\n"

    def text(self, name: str, facts: Mapping[str, Any]) -> str:
        """A `.txt.j2` template, without blanks at line ends, ended by one newline."""
        lines = _render(self._plain, name, speaking(facts, escaping=False)).strip("\n").split("\n")
        return "\n".join(line.rstrip() for line in lines) + "\n"


def _environment(loader: jinja2.BaseLoader, *, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters["wrap"] = wrap
    return environment


def speaking(facts: Mapping[str, Any], *, escaping: bool) -> dict[str, Any]:
    """The facts, and `_` and `ngettext` for the tongue among them. In HTML a message is text: it cannot hold tags."""
    tongue: Tongue = facts.get("tongue", ENGLISH)
    if not escaping:
        return {**facts, "_": tongue.say, "ngettext": tongue.count}

    def said(text: str, values: Mapping[str, object]) -> Markup:
        # A value that is markup already stays so: the template made it.
        pure = {name: value for name, value in values.items() if not isinstance(value, Markup)}
        given = {name: str(escape(value)) for name, value in tongue.values(pure).items()}
        given |= {name: value for name, value in values.items() if isinstance(value, Markup)}
        return Markup(fill(str(escape(text)), given))  # noqa: S704 - escaped above

    def say(text: str, /, **values: object) -> Markup:
        return said(tongue.gettext(text), values)

    def count(one: str, many: str, n: int, /, **values: object) -> Markup:
        return said(tongue.ngettext(one, many, n), {"n": n, **values})

    return {**facts, "_": say, "ngettext": count}


def _render(environment: jinja2.Environment, name: str, facts: Mapping[str, Any]) -> str:
    try:
        return environment.get_template(name).render(facts)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(
            f"There is no template {error.name}.",
            cure="Put it into the folder of [newsletter] templates, or install the program again.",
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(
            f"{error.name or name} line {error.lineno}: {error.message}.", cure="Correct the template."
        ) from error
    except _FAULTS as error:
        where = next(
            (
                f"{_short(f.filename)} line {f.lineno}"
                for f in reversed(traceback.extract_tb(error.__traceback__))
                if f.filename.endswith(".j2")
            ),
            name,
        )
        raise TemplateError(
            f"{where}: {_OBJECT.sub(_in_words, str(error))}.",
            cure="Use a name that docs/writing-a-template.md lists, or test it with `is defined` first.",
        ) from error


def _in_words(found: re.Match[str]) -> str:
    return f"{found[1].lower()} has no"


def _near(source: str, told: str) -> str:
    """The text at MJML's `at position a:b`, which counts octets."""
    found = _POSITION.search(told)
    if not found:
        return ""
    start = max(0, int(found[1]) - 20)
    return " near " + repr(source.encode("utf-8", "replace")[start : start + 60].decode("utf-8", "ignore"))


def _short(filename: str) -> str:
    """`email/digest.mjml.j2` of the whole path."""
    parts = Path(filename).parts
    start = len(parts) - 1 - parts[::-1].index("email") if "email" in parts else len(parts) - 1
    return "/".join(parts[start:])
