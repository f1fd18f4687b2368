"""Looks at status pages as readers do. .ci/page calls it. Usage: page.py BROWSER [--pictures DIR] [FILE | --whole FILE | --told FILE]...

Of a page after --whole, every state is drawn. --told names the output of .ci/trouble: a page of which the same is true, and what
it says of some days.
"""

import argparse
import datetime
import json
import pathlib
import sys

from playwright.sync_api import sync_playwright

STATES = {"f": "failed", "m": "missing", "u": "unsettled", "e": "exported", "0": "empty", "-": "not wanted"}
SCHEMES = ("light", "dark")
WIDTHS = (360, 390, 1280)
MAX_PICTURE = 300_000

# Colours as the page shows them, composed over what lies behind them, and the contrast that WCAG 2 reckons with.
CONTRAST = """
const channels = c => c.match(/[\\d.]+/g).map(Number);
const opaque = c => { const p = channels(c); return p.length < 4 || p[3] > 0 };
const light = c => { const [r, g, b] = channels(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05) };
const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (opaque(c)) return c }
    return "rgb(255, 255, 255)" };
"""

# Texts that are too faint: AA asks for 4.5 to 1.
FAINT_TEXT = "() => {" + CONTRAST + """
const faint = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let n = 0;
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || e.closest("svg, style")) continue;
  n++;
  const ratio = contrast(getComputedStyle(e).color, behind(e));
  if (ratio < 4.5) faint.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
}
return {n, faint};
}"""

# The contrast of each state's shape with the card and the page behind it: AA asks for 3 to 1.
SHAPES = "() => {" + CONTRAST + """
const backs = [getComputedStyle(document.body).backgroundColor];
const card = document.querySelector("article");
if (card) backs.push(getComputedStyle(card).backgroundColor);
return Object.fromEntries([...document.querySelectorAll("defs > g")].map(g => {
  const paints = [...g.children].slice(1).filter(e => !e.classList.contains("cut")).map(e => {
    const s = getComputedStyle(e); return s.fill != "none" && opaque(s.fill) ? s.fill : s.stroke });
  return [g.id, Math.min(...paints.flatMap(p => backs.map(b => contrast(p, b))))];
}));
}"""

# For each state: how often it is drawn, the smallest size of a drawn one, and what one of them says.
DRAWN = """() => Object.fromEntries(["f", "m", "u", "e", "0", "-"].map(id => {
  const days = [...document.querySelectorAll("figure use")].filter(u => u.getAttribute("href") == "#" + id && u.firstElementChild);
  const sizes = days.map(u => u.getBoundingClientRect()).map(r => Math.min(r.width, r.height));
  return [id, {n: days.length, size: Math.min(...sizes), titles: days.map(u => u.textContent)}];
}))"""


# What a dataset says of its days, one title a day.
SAID = """([account, dataset]) => [...document.querySelectorAll("section.account")]
  .filter(s => s.querySelector("h2").textContent.trim() == account).flatMap(s => [...s.querySelectorAll("article")])
  .filter(a => a.querySelector("h3").textContent.trim() == dataset)
  .flatMap(a => [...a.querySelectorAll("figure use")].map(u => u.textContent))"""

# Words and numbers in tables that are broken within, over lines.
BROKEN = """() => [...document.querySelectorAll("td.n, th.n, td a, th a")].filter(e => {
  const text = e.textContent.trim();
  if (!text || text.includes(" ") || !e.getClientRects().length) return false;
  const r = document.createRange();
  r.selectNodeContents(e);
  return new Set([...r.getClientRects()].map(c => Math.round(c.top))).size > 1;
}).map(e => e.textContent.trim())"""


class Looker:
    def __init__(self, browser, path, whole, told=()):
        self.browser, self.path, self.whole, self.told = browser, path, whole, told
        self.faults, self.checks = [], 0

    def expect(self, true, fault):
        self.checks += 1
        if not true:
            self.faults.append(f"{self.where}: {fault}")

    def look(self, scheme, width, pictures=None):
        self.where = f"{self.path.name}, {scheme}, {width} px"
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, device_scale_factor=2)
        page = context.new_page()
        asked, said = [], []
        page.on("request", lambda r: asked.append(r.url))
        page.on("console", lambda m: said.append(m.text))
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto(self.path.as_uri())
        if pictures and scheme == "light":
            picture = pictures / ("status-desktop.png" if width == 1280 else "status-phone.png")
            page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": width, "height": 1500 if width == 1280 else 2400},
                            full_page=True, scale="css")
            size = picture.stat().st_size
            self.expect(size <= MAX_PICTURE, f"{picture.name} has {size} bytes, expected at most {MAX_PICTURE}")
        self.layout(page, width)
        self.states(page)
        self.days(page)
        self.contrast(page)
        self.keyboard(page)
        page.wait_for_timeout(100)
        self.expect(asked == [self.path.as_uri()], f"it asked for {asked[1:]}")
        self.expect(not said, f"the console has {said}")
        context.close()

    def layout(self, page, width):
        wide = page.evaluate("document.documentElement.scrollWidth")
        self.expect(wide <= width, f"it is {wide} px wide")
        self.expect(page.locator("h1").inner_text().strip() != "", "it has no headline")
        policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
        self.expect(policy.startswith("default-src 'none'; style-src 'sha256-"), f"its policy is {policy}")
        self.expect(page.locator("script, iframe, object, embed, form, [style]").count() == 0, "it has what no page here has")
        margin = page.evaluate("getComputedStyle(document.querySelector('main')).paddingLeft")
        self.expect(margin in ("12px", "16px"), "its style is not in force")

    def states(self, page):
        for state, drawn in page.evaluate(DRAWN).items():
            word = STATES[state]
            if drawn["n"] == 0:
                self.expect(not self.whole, f"no day is drawn as {word}")
                continue
            self.expect(drawn["size"] >= 8, f"a day that is {word} is {drawn['size']} px small")
            self.expect(all(f": {word}" in t for t in drawn["titles"]), f"a day drawn as {word} says something else")
        for state, word in STATES.items():
            entry = page.locator(".legend li", has=page.locator(f'use[href="#{state}"]'))
            self.expect(entry.count() == 1 and entry.locator("b").inner_text() == word, f"the legend does not have {word}")
        unlabelled = page.locator('figure svg:not([role="img"][aria-label])').count()
        self.expect(unlabelled == 0, f"{unlabelled} months say nothing to those who do not see them")

    def days(self, page):
        """Days of which it is known what became of them are told so, where they belong."""
        for told in self.told:
            day = datetime.date.fromisoformat(told["dt"])
            begin = f"{day:%a} {day.day} {day:%b %Y}: {told['state']}"
            said = page.evaluate(SAID, [told["account"], told["dataset"]])
            self.expect(len([s for s in said if s == begin or s.startswith(begin + ",")]) == 1,
                        f"{told['account']} {told['dataset']} does not say “{begin}” once, of {len(said)} days: "
                        f"{[s for s in said if s.startswith(begin.split(':')[0])]}")

    def contrast(self, page):
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        text = page.evaluate(FAINT_TEXT)
        self.expect(text["n"] > 20 and not text["faint"], f"of {text['n']} texts these are faint: {text['faint'][:5]}")
        for state, ratio in page.evaluate(SHAPES).items():
            self.expect(ratio >= 3, f"the shape of {STATES[state]} has a contrast of {ratio:.2f}")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        self.expect(wide <= 0, f"with all unfolded it is {wide} px too wide")
        broken = page.evaluate(BROKEN)
        self.expect(not broken, f"these are broken within: {broken[:8]}")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")

    def keyboard(self, page):
        """Everything that unfolds is reached by the keyboard, and opens."""
        summaries = page.locator("summary")
        if summaries.count() == 0:
            return
        summaries.first.focus()
        page.keyboard.press("Enter")
        self.expect(page.locator("details").first.get_attribute("open") is not None, "Enter does not unfold")
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.wide')"):
                return
        self.expect(page.locator(".wide").count() == 0, "Tab does not reach the table of runs")


def shapes_differ(browser, path):
    """The pairs of states whose shapes look the same in black and white."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=2)
    page.goto(path.as_uri())
    page.emulate_media(forced_colors="active")
    icon = page.locator(".legend .icon").first
    pictures = {}
    for state in STATES:  # all in one place, so that nothing but the shape can differ
        icon.locator("use").evaluate("(use, id) => use.setAttribute('href', '#' + id)", state)
        pictures[state] = icon.screenshot()
    return [(a, b) for a in STATES for b in STATES if a < b and pictures[a] == pictures[b]]


def arguments():
    parser = argparse.ArgumentParser(prog="page.py")
    parser.add_argument("browser")
    parser.add_argument("--pictures", type=pathlib.Path, metavar="DIR", help="pictures of the last page are put there")
    parser.add_argument("--whole", action="append", default=[], type=pathlib.Path, metavar="FILE")
    parser.add_argument("--told", action="append", default=[], type=pathlib.Path, metavar="FILE")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    return parser.parse_args()


def pages(args):
    """Each page, whether every state is drawn on it, and what it must say of which days."""
    yield from ((path, False, []) for path in args.files)
    yield from ((path, True, []) for path in args.whole)
    for path in args.told:
        told = json.loads(path.read_text())
        states = {day["state"] for day in told["days"]}
        if states != set(STATES.values()):
            sys.exit(f"page: {path} tells of days that are {sorted(states)}, expected {sorted(STATES.values())}")
        yield pathlib.Path(told["page"]), True, told["days"]


def main():
    args = arguments()
    looked = [(path.resolve(), whole, told) for path, whole, told in pages(args)]
    faults, checks = [], 0
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=args.browser, args=["--disable-background-networking"])
        print(f"page: Chromium {browser.version}")
        for path, whole, told in looked:
            looker = Looker(browser, path, whole, told)
            pictures = args.pictures if path == looked[-1][0] else None
            for scheme in SCHEMES:
                for width in WIDTHS:
                    looker.look(scheme, width, pictures if width != 360 else None)
            same = shapes_differ(browser, path)
            looker.expect(not same, f"without colour these states look the same: {same}")
            faults += looker.faults
            checks += looker.checks
        browser.close()
    for fault in faults:
        print(f"page: {fault}", file=sys.stderr)
    print(f"page: {checks} checks, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
