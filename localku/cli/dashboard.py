"""`localku dashboard`: opens the dashboard in the browser, with a link that is good once."""

from __future__ import annotations

from urllib.parse import quote

from localku.cli.apps import browse
from localku.cli.client import Client, Options, as_list, as_object, choose, connect, say
from localku.errors import UserError


def main(name: str, argv: list[str]) -> int:
    """Open the page, or print its link; returns 0. Raises UserError."""
    parser = Options(name)
    parser.add_argument("-p", "--print", action="store_true", dest="only")
    options = parser.read(argv)
    client = connect(options, app=False)
    app = client.app or options.app or _nearest(client, options.root)
    answer = as_object(client.request("POST", "/localku/dashboard/tickets", {}))
    link = f"{answer['link']}&app={quote(app, safe='')}" if app else str(answer["link"])
    if options.only or not browse(link):
        print(link)
    else:
        say(f"Opening {answer['url']}")
    return 0


def _nearest(client: Client, root: str) -> str:
    """The app of this folder on a platform of many; "" when there is none to choose: the page
    shows them all."""
    try:
        return choose(as_list(client.get("/apps")), root)
    except UserError:
        return ""
