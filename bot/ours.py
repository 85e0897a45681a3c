"""What a template says itself is ours, what is put into it is not: told apart when the template is compiled."""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from bot.inert import Markup, inert


@pass_context  # so that literals, too, are looked at when a template is rendered, and keep their kind until then
def _finished(_context: Context, value: object) -> Markup:
    return inert(value)


class _OwnWords(CodeGenerator):
    """Keeps a literal's kind: ``{{ "*none*" if not found else found }}`` has bold words, whatever was found."""

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        value = node.as_const(frame.eval_ctx)
        if isinstance(value, str):
            self.write(f"environment.own({str(value)!r})")
        else:
            super().visit_Const(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class OwnEnvironment(SandboxedEnvironment):
    """Templates in which undefined names are errors, and every value is made inert where it is put in."""

    code_generator_class = _OwnWords

    def __init__(self, folder: Path) -> None:
        """Load templates from a folder."""
        super().__init__(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            finalize=_finished,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # HTML escaping would show as text in Slack; finalize does Slack's own
        )

    @staticmethod
    def own(text: str) -> Markup:
        """Give a template's literal."""
        return Markup(text)

    @staticmethod
    def joined(parts: Iterable[object]) -> Markup:
        """Join literals and values (Jinja's ``~``), each value made inert by itself."""
        return Markup("".join(inert(part) for part in parts))
