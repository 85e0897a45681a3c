"""Each example of docs/howto/hooks.md is a configuration without a fault."""

from pathlib import Path

import pytest

from bot.settings import load_settings
from fleet.hooks.hook import At

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto" / "hooks.md"
SECTIONS = [section.partition("\n") for section in HOWTO.read_text("utf-8").split("\n## ")[1:]]
SNIPPETS = [(title, text.split("```toml\n")[1].split("```")[0]) for title, _, text in SECTIONS if "```toml\n" in text]
NODES = "".join(
    f'[clusters.main.nodes.db{n}]\nhost = "db{n}.example.org"\ndata = "/data"\nbin = "/bin"\n' for n in (1, 2, 3)
)


@pytest.mark.parametrize(("title", "snippet"), SNIPPETS, ids=[title for title, _ in SNIPPETS])
def test_an_example_of_the_how_to_loads(tmp_path: Path, title: str, snippet: str) -> None:
    path = tmp_path / "seconder.toml"
    path.write_text(f'[clusters.main]\nengine = "postgres"\nchannel = "ops"\n{NODES}{snippet}')
    assert load_settings(path).clusters["main"].hooks, title


def test_there_is_one_for_each_thing_and_each_moment_is_explained() -> None:
    assert len(SNIPPETS) == HOWTO.read_text("utf-8").count("```toml") == 5
    assert all(f"| `{at}` |" in HOWTO.read_text("utf-8") for at in At)
