"""The report of the chain, as a person opens it: in a browser, without a network, on a phone, at night."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.pipeline.conftest import ROOT, Clone

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="needs chromium and chromedriver (Debian: apt-get install chromium-driver)"
)
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}


@pytest.fixture(scope="module")
def page(rehearsed: Clone) -> Path:
    return rehearsed.folder / "data/report/index.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    folder = tmp_path_factory.mktemp("browser")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={folder}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, ChromeService(DRIVER))
    yield driver
    driver.quit()


def log(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    """What the browser noted since this was last asked."""
    return browser.get_log(kind)  # type: ignore[no-untyped-call]


def requests(browser: Chrome) -> list[str]:
    """Every address that it asked for since this was last asked, but those that are in the page itself."""
    events = (json.loads(entry["message"])["message"] for entry in log(browser, "performance"))
    asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    return [address for address in asked if not address.startswith(("data:", "chrome:"))]  # nor its own pages


def ask(browser: Chrome, script: str) -> Any:
    return browser.execute_script(f"return {script}")


@needs_browser
def test_the_page_opens_offline_without_a_complaint_or_a_broken_picture(browser: Chrome, page: Path) -> None:
    requests(browser)
    browser.get(page.as_uri())
    assert requests(browser) == [page.as_uri()]
    assert log(browser, "browser") == []
    pictures = ask(browser, "[...document.images].map(image => [image.naturalWidth, image.alt])")
    assert len(pictures) > 15
    assert all(width > 100 and len(alt) > 20 for width, alt in pictures)


@needs_browser
def test_a_broken_page_would_be_noticed(browser: Chrome, tmp_path: Path) -> None:
    """The test above can fail: here is a page with a picture that is none, an address elsewhere, and an error."""
    elsewhere = "http://127.0.0.1:49151/style.css"  # where nobody answers
    broken = tmp_path / "broken.html"
    picture = "<img alt='none' src='data:image/png;base64,AAAA'>"
    broken.write_text(f"<link rel=stylesheet href='{elsewhere}'>{picture}<script>nobody()</script>")
    requests(browser)
    browser.get(broken.as_uri())
    assert elsewhere in requests(browser)
    assert any("nobody is not defined" in entry["message"] for entry in log(browser, "browser"))
    assert ask(browser, "[...document.images].map(image => image.naturalWidth)") == [0]


@needs_browser
def test_the_page_fits_a_phone(browser: Chrome, page: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get(page.as_uri())
    assert ask(browser, "document.documentElement.scrollWidth") <= PHONE["width"]
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_by_day_and_by_night(browser: Chrome, page: Path, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(page.as_uri())
    for element in ("h1", ".question", ".evidence", ".verdict", "td", "figcaption", "summary"):
        ink = brightness(ask(browser, f"getComputedStyle(document.querySelector('{element}')).color"))
        paper = brightness(ask(browser, "getComputedStyle(document.body).backgroundColor"))
        assert (paper > ink) == (scheme == "light")
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5, element  # WCAG 2.2, level AA


def brightness(colour: str) -> float:
    """Relative luminance of `rgb(…)`, as WCAG defines it."""
    shares = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_table_and_picture_of_the_chain_is_among_the_plots_of_dvc(chain: Clone) -> None:
    chain.run("dvc", "plots", "show", "--out", "shown")
    text = (chain.folder / "shown/index.html").read_text(encoding="utf-8")
    drawn = {path.name.removeprefix("workspace_") for path in (chain.folder / "shown/static").iterdir()}
    measured = [path.relative_to(chain.folder) for path in (chain.folder / "data/plots").rglob("*")]
    pictures = {"_".join(path.parts) for path in measured if path.suffix == ".png"}
    assert pictures == drawn
    assert len(pictures) > 30
    for path in measured:
        if path.suffix in {".csv", ".tsv"}:
            assert re.search(re.escape("_".join(path.parts)).replace(re.escape("."), "[._]"), text), path


def test_every_question_of_the_mission_has_its_section(page: Path) -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", page.read_text(encoding="utf-8"))
    for title in ("In short", "D1", "D2", "D3", "D4", "dissected", "Distillation", "valid"):
        assert any(title in one for one in titles), title


def test_the_page_is_small_enough_to_be_sent(page: Path) -> None:
    allowed = YAML(typ="safe").load(ROOT / "params.yaml")["report"]["max_megabytes"]
    assert page.stat().st_size < allowed * 1e6


def test_the_page_says_what_the_metrics_say(rehearsed: Clone, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for task in ("opinion", "author"):
        scores = json.loads((rehearsed.folder / f"data/results/evaluate/{task}/scores.json").read_text())
        for approach in ("bag-of-words", "transformer", "static"):
            one = scores[approach]["accuracy"]
            assert f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" in text
    slices = json.loads((rehearsed.folder / "data/results/evaluate/opinion/slices.json").read_text())
    people = slices["people"]["test"]["person"]
    assert f"{people['value']:.3f} [{people['low']:.3f}, {people['high']:.3f}]" in text
