"""Checks the docs page in a real browser.

    docs_page.py FOLDER [--naughty blns.json] [--screenshots FOLDER]

FOLDER holds page.html and headers.txt as the gateway serves them. Prints one line for each check, "ok" or "not ok", and
ends with 1 if one failed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chromium  # noqa: E402
from documents import hostile_document, large_document  # noqa: E402
from peer import Peer  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
checks = []


def check(function):
    checks.append(function)
    return function


class World:
    """The browser, the peers, and pages on them."""

    def __init__(self, arguments):
        with open(os.path.join(arguments.folder, "page.html"), "rb") as file:
            self.body = file.read()
        with open(os.path.join(arguments.folder, "headers.txt")) as file:
            self.headers = [tuple(line.split(": ", 1)) for line in file.read().splitlines()]
        with open(os.path.join(HERE, "bookshop.openapi.json")) as file:
            self.bookshop = json.load(file)
        self.naughty = []
        if arguments.naughty:
            with open(arguments.naughty) as file:
                self.naughty = json.load(file)
        self.screenshots = arguments.screenshots
        self.browser = chromium.Chromium()
        self.peers, self.pages = [], []

    def peer(self, document=None, **options):
        document = json.dumps(document or self.bookshop).encode()
        self.peers.append(Peer(self.body, self.headers, document, **options))
        return self.peers[-1]

    def page(self, peer, anchor="", **options):
        page = chromium.Page(self.browser, **options)
        self.pages.append(page)
        page.open(peer.address + "/docs" + anchor)
        page.wait("document.querySelector('main h1')")
        return page

    def shot(self, page, name, whole=False):
        if self.screenshots:
            page.screenshot(os.path.join(self.screenshots, f"{name}.png"), whole)

    def clean(self):
        for page in self.pages:
            page.close()
        for peer in self.peers:
            peer.close()
        self.pages, self.peers = [], []


def quiet(page, allowed=()):
    found = [one for one in page.complaints() if not any(part in one for part in allowed)]
    assert not found, found


def text(page, selector):
    return page.run(f"document.querySelector({json.dumps(selector)})?.innerText")


def fill(page, label, value):
    """Types into the field of the form that has this label."""
    page.run("""(() => {
      const label = [...document.querySelectorAll('.try label, dialog label')].find((one) => one.textContent.startsWith(%s));
      const field = document.getElementById(label.htmlFor);
      field.value = %s;
      field.dispatchEvent(new Event('input'));
      field.dispatchEvent(new Event('change'));
    })()""" % (json.dumps(label), json.dumps(value)))


def send(page):
    page.run("document.querySelector('.try button.primary').click()")
    page.wait("document.querySelector('.response .answer, .response .error') && !document.querySelector('.try .actions button:not(.primary)').offsetParent")


def header(request, name):
    return {key.lower(): value for key, value in request["headers"].items()}.get(name.lower())


@check
def loads_without_a_complaint_and_shows_the_overview(world):
    page = world.page(world.peer())
    assert text(page, "h1").startswith("Bookshop"), text(page, "h1")
    assert page.run("document.title") == "Bookshop"
    assert page.run("document.querySelectorAll('main .operation').length") == 16
    assert page.run("document.querySelector('main table td code').textContent") == "X-Request-ID"
    world.shot(page, "overview-light")
    quiet(page)


@check
def a_script_that_is_not_the_page_s_own_does_not_run(world):
    page = world.page(world.peer())
    page.run("(() => { const one = document.createElement('script'); try { one.textContent = 'window.ran = 1'; } catch {} "
             "document.body.append(one); })()")
    page.run("(() => { const one = document.createElement('img'); one.src = '/picture.png'; document.body.append(one); })()")
    page.run("new Promise((done) => setTimeout(done, 50))")
    assert page.run("window.ran") is None
    refused = page.run("(() => { try { document.body.innerHTML = '<b>x</b>'; return 'put in'; } catch (e) { return e.name; } })()")
    assert refused == "TypeError", refused
    assert page.complaints(), "the policy said nothing"


@check
def search_works_by_keyboard_alone(world):
    page = world.page(world.peer())
    page.key("/", code="Slash")
    assert page.run("document.activeElement.getAttribute('role')") == "combobox"
    page.type("rmv bok")
    page.wait("document.querySelector('.results [role=option]')")
    assert "Remove a book" in text(page, ".results [aria-selected=true]"), text(page, ".results")
    world.shot(page, "search")
    page.run("document.activeElement.select()")
    page.type("books")
    page.wait("document.querySelectorAll('.results [role=option]').length > 3")
    first = page.run("document.activeElement.getAttribute('aria-activedescendant')")
    page.key("ArrowDown")
    second = page.run("document.activeElement.getAttribute('aria-activedescendant')")
    assert first != second and second, (first, second)
    assert page.run(f"document.getElementById('{second}').getAttribute('aria-selected')") == "true"
    chosen = page.run(f"document.getElementById('{second}').querySelector('.result span').textContent")
    page.key("Enter")
    page.wait(f"document.querySelector('h1').innerText.startsWith({json.dumps(chosen)})")
    assert page.run("document.activeElement.tagName") == "H1"
    page.key("k", code="KeyK", modifiers=2)
    assert page.run("document.activeElement.getAttribute('role')") == "combobox"
    page.key("Escape")
    page.key("Escape")
    assert page.run("document.activeElement.getAttribute('role')") != "combobox"
    quiet(page)


@check
def addresses_lead_to_operations_and_history_leads_back(world):
    peer = world.peer()
    page = world.page(peer, "#getBook")
    assert text(page, "h1") == "Read a book"
    assert page.run("document.title") == "Read a book · Bookshop"
    assert page.run("document.querySelector('nav [aria-current=page]').innerText").endswith("Read a book")
    page.run("document.querySelector('nav a[href=\"#createBook\"]').click()")
    page.wait("document.querySelector('h1').innerText.startsWith('Add a book')")
    page.run("history.back()")
    page.wait("document.querySelector('h1').innerText.startsWith('Read a book')")
    page.run("location.hash = ''")
    page.wait("document.querySelector('h1').innerText.startsWith('Bookshop')")
    page.run("scrollTo(0, 600)")
    page.run("document.querySelector('main a[href=\"#placeOrder\"]').click()")
    page.wait("document.querySelector('h1').innerText === 'Place an order'")
    assert page.run("scrollY") == 0
    page.run("history.back()")
    page.wait("document.querySelector('h1').innerText.startsWith('Bookshop')")
    assert page.run("scrollY") == 600, page.run("scrollY")
    page = world.page(peer, "#get/without-id/%7Bpart%7D")
    assert text(page, "h1") == "Has no operationId"
    page = world.page(peer, "#schema/Node")
    assert text(page, "h1") == "Node"
    page = world.page(peer, "#%E0%A4%A")
    assert "There is no operation" in text(page, "main")
    quiet(page)


@check
def what_was_typed_is_there_after_coming_back(world):
    page = world.page(world.peer(), "#getBook")
    fill(page, "book_id", "4711")
    page.run("location.hash = '#schema/Book'")
    page.wait("document.querySelector('h1').innerText === 'Book'")
    page.run("history.back()")
    page.wait("document.querySelector('h1').innerText === 'Read a book'")
    assert "4711" in text(page, ".panel .block pre")


@check
def every_view_of_the_sample_opens_without_an_error(world):
    page = world.page(world.peer())
    anchors = page.run("[...document.querySelectorAll('main a')].map((a) => a.getAttribute('href')).filter((a) => a?.startsWith('#'))")
    assert len(anchors) > 25, anchors
    for anchor in anchors:
        page.run(f"location.hash = {json.dumps(anchor)}")
        page.wait(f"document.querySelector('nav [aria-current]')?.getAttribute('href') === {json.dumps(anchor)}")
        # Opens everything three levels deep; the schemas contain themselves.
        for _ in range(3):
            page.run("document.querySelectorAll('main .toggle[aria-expanded=false]').forEach((one) => one.click())")
        assert "undefined" not in page.run("document.querySelector('main').textContent"), anchor
    quiet(page)


@check
def schemas_show_constraints_references_unions_and_recursion(world):
    peer = world.peer()
    page = world.page(peer, "#createBook")
    shown = text(page, "main .text")
    for part in ["title", "required", "As printed on the cover.", "min length 1", "max length 200", "string | null",
                 "pattern ^97[89][0-9]{10}$", "no duplicates", "NewBook", "no other fields", "default []", "Money | null"]:
        assert part in shown, (part, shown)
    page.run("[...document.querySelectorAll('.toggle')].find((one) => one.innerText === 'authors').click()")
    page.run("[...document.querySelectorAll('.toggle')].find((one) => one.innerText === 'influences').click()")
    assert page.run("[...document.querySelectorAll('.toggle')].filter((one) => one.innerText === 'influences').length") == 2
    world.shot(page, "operation-light", whole=True)
    page = world.page(peer, "#drawShape")
    shown = text(page, "main .text")
    assert "kind = round" in shown and "Circle" in shown and "one of" in shown and "\"kind\": \"round\"" in shown, shown
    page = world.page(peer, "#schema/Everything")
    page.run("document.querySelectorAll('main .toggle').forEach((one) => one.click())")
    shown = text(page, "main")
    for part in ["any requires map", "requires b", "max fields 3", "other fields", "/^x-/", "always {\"a\":1}", "[1]",
                 "schema.json (not in this document)", "example 9007199254740993", "never", "not"]:
        assert part in shown, (part, shown)
    page = world.page(peer, "#getBook")
    assert "max 9223372036854775807" in text(page, "main"), "large integers must stay exact"
    assert "created" in text(page, "main") and "read-only" in text(page, "main")
    quiet(page)


@check
def examples_leave_out_what_is_not_sent(world):
    page = world.page(world.peer(), "#placeOrder")
    body = json.loads(page.run("document.querySelector('.try textarea').value"))
    assert body == {"lines": [{"book": 1, "count": 1}], "coupon": "string"}, body
    page.run("document.querySelector('.response-row .toggle').click(); document.querySelector('.response-row .toggle').click()")
    answer = json.loads(page.run("document.querySelector('.response-row .example code').textContent"))
    assert "coupon" not in answer and "id" in answer, answer


@check
def try_it_out_sends_the_request_and_shows_the_answer(world):
    peer = world.peer()
    page = world.page(peer, "#listBooks")
    fill(page, "tag", "sci fi\nä&b")
    fill(page, "year", '{"from": 1990, "to": 2000}')
    fill(page, "limit", "5")
    page.run("(() => { const one = [...document.querySelectorAll('.try select')].at(-1); one.value = '0'; one.dispatchEvent(new Event('change')); })()")
    fill(page, "X-Request-ID", "abc-1")
    send(page)
    [request] = peer.requests
    assert request["method"] == "GET"
    assert request["target"] == "/api/books?tag=sci%20fi&tag=%C3%A4%26b&year%5Bfrom%5D=1990&year%5Bto%5D=2000&limit=5&in_stock=true", request
    assert header(request, "X-Request-ID") == "abc-1"
    assert header(request, "Accept") == "application/json"
    assert header(request, "Authorization") is None
    shown = text(page, ".response")
    assert "200 OK" in shown and " ms" in shown and "9007199254740993.10" in shown, shown
    assert page.run("document.querySelectorAll('.response .j-key').length") == 4
    page.run("document.querySelector('.response .toggle').click()")
    assert "x-seen" in text(page, ".response")
    assert "Response 200" in page.run("document.getElementById('live').textContent")
    world.shot(page, "try-result")
    quiet(page)


@check
def a_body_is_checked_before_it_is_sent(world):
    peer = world.peer()
    page = world.page(peer, "#createBook")
    fill(page, "Body", '{"title": }')
    assert "Not valid JSON" in text(page, ".try .error:not([hidden])")
    page.run("document.querySelector('.try button.primary').click()")
    assert page.run("document.activeElement.tagName") == "TEXTAREA"
    assert page.run("document.activeElement.getAttribute('aria-invalid')") == "true"
    assert not peer.requests
    body = '{"title": "It\'s", "year": 9007199254740993}'
    fill(page, "Body", body)
    send(page)
    assert peer.requests[0]["body"] == body
    assert header(peer.requests[0], "Content-Type") == "application/json"
    page = world.page(peer, "#getBook")
    fill(page, "book_id", "")
    page.run("document.querySelector('.try button.primary').click()")
    assert text(page, ".try .error:not([hidden])") == "This is required."
    assert len(peer.requests) == 1
    quiet(page)


@check
def credentials_are_sent_where_they_belong_and_stay_in_this_tab(world):
    peer = world.peer()
    page = world.page(peer, "#deleteBook")
    assert "Needs bearer and key, or basic" in text(page, ".auth")
    page.run("document.querySelector('.auth button').click()")
    world.shot(page, "authorize")
    fields = "[...document.querySelectorAll('dialog input')]"
    page.run(f"""{fields}.forEach((one, index) => {{ one.value = ['tok', 'Aladdin', 'open sésame', 'k1', 'q&1', 'c1', 'o1'][index];
      one.dispatchEvent(new Event('input')); }})""")
    page.run("document.querySelector('dialog button.primary').click()")
    page.wait("!document.querySelector('dialog')")
    assert "Authorized with bearer and key" in text(page, ".auth")
    assert "Authorization: Bearer tok" in text(page, ".panel .block pre")
    send(page)
    assert header(peer.requests[0], "Authorization") == "Bearer tok" and header(peer.requests[0], "X-API-Key") == "k1"
    assert peer.requests[0]["method"] == "DELETE"
    kept = page.run("[JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]")
    assert "tok" not in kept[0] and "tok" in kept[1] and "tok" not in kept[2], kept
    # A requirement without credentials in the next tab.
    other = world.page(peer, "#deleteBook")
    assert "Needs" in text(other, ".auth")
    for scheme, look in [("basic", lambda one: header(one, "Authorization") == "Basic QWxhZGRpbjpvcGVuIHPDqXNhbWU="),
                         ("oauth", lambda one: header(one, "Authorization") == "Bearer o1"),
                         ("keyInQuery", lambda one: one["target"].endswith("?api_key=q%261")),
                         ("keyInCookie", lambda one: header(one, "Cookie") == "session=c1")]:
        document = dict(world.bookshop, security=[{scheme: []}])
        document["paths"] = {"/one": {"get": {"operationId": "one", "responses": {}}}}
        peer.document = json.dumps(document).encode()
        page.run("location.hash = '#one'")
        page.reload("document.querySelector('.auth')?.innerText.includes(%s)" % json.dumps(f"Authorized with {scheme}"))
        send(page)
        assert look(peer.requests[-1]), (scheme, peer.requests[-1])
        assert page.run("document.cookie") == ""
    page.run("document.querySelector('#authorize').click()")
    page.run("[...document.querySelectorAll('dialog button')].find((one) => one.innerText === 'Forget all').click()")
    page.wait("document.querySelector('.auth').innerText.includes('Needs')")
    quiet(page)


def same_request(page, peer, text_of_curl, folder=None):
    """Runs the curl command in a shell and compares what arrives with what the page sent."""
    assert text_of_curl.startswith("curl "), text_of_curl
    before = len(peer.requests)
    subprocess.run(["bash", "-c", "curl() { command curl -sS --max-time 10 -o /dev/null \"$@\"; }; " + text_of_curl],
                   check=True, cwd=folder)
    by_page, by_curl = peer.requests[before - 1], peer.requests[before]
    assert by_curl["method"] == by_page["method"], (by_curl, by_page)
    assert by_curl["target"] == by_page["target"], (by_curl["target"], by_page["target"])
    for name in ["accept", "authorization", "x-trace", "cookie", "x-request-id"]:
        assert header(by_curl, name) == header(by_page, name), (name, by_curl, by_page)
    return by_page, by_curl


@check
def every_parameter_style_is_written_as_specified_and_curl_sends_the_same(world):
    peer = world.peer()
    page = world.page(peer, "#everyStyle")
    send(page)
    path, query = peer.requests[0]["target"].split("?", 1)
    assert path == "/api/styles/a%2Fb,c%20d/.x.y/;matrix=k,v", path
    assert query.split("&") == ["csv=1,2%2C3", "pipes=a%7Cb", "spaces=a%20b", "deep%5Ba%5D%5Bb%5D=c", "deep%5Blist%5D=1",
                                "deep%5Blist%5D=2", "filter=%7B%22q%22%3A%22it%27s%22%7D", "reserved=/a?b%26c"], query
    assert header(peer.requests[0], "X-Trace") == "it's $HOME `x` \"y\" !z"
    assert header(peer.requests[0], "Cookie") == "session=s3cret"
    same_request(page, peer, text(page, ".panel .block pre"))
    quiet(page)


@check
def curl_sends_bodies_as_the_page_does(world):
    peer = world.peer()
    page = world.page(peer, "#createBook")
    fill(page, "Body", '{"title": "It\'s $HOME \\\\ `id` !x\\n@file", "year": 1}')
    send(page)
    by_page, by_curl = same_request(page, peer, text(page, ".panel .block pre"))
    assert by_page["body"] == by_curl["body"] and header(by_curl, "Content-Type") == "application/json"
    page = world.page(peer, "#logIn")
    fill(page, "username", "a b&c='d'")
    fill(page, "password", "p+%")
    fill(page, "scope", "x\ny")
    send(page)
    by_page, by_curl = same_request(page, peer, text(page, ".panel .block pre"))
    assert by_page["body"] == by_curl["body"] == "username=a+b%26c%3D%27d%27&password=p%2B%25&scope=x&scope=y", by_page
    assert header(by_page, "Content-Type") == "application/x-www-form-urlencoded"
    page = world.page(peer, "#getBook")
    fill(page, "book_id", "{[1-3]}")
    send(page)
    same_request(page, peer, text(page, ".panel .block pre"))
    quiet(page)


def choose_file(page, selector, path):
    page.send("DOM.enable")
    root = page.send("DOM.getDocument")["root"]["nodeId"]
    node = page.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
    page.send("DOM.setFileInputFiles", nodeId=node, files=[path])


@check
def files_are_sent_in_forms_and_alone(world):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "docs page;test.txt")
        with open(path, "w") as file:
            file.write("content of the file")
        peer = world.peer()
        page = world.page(peer, "#upload")
        choose_file(page, ".try input[type=file]", path)
        fill(page, "details", '{"pages": 3}')
        send(page)
        by_page, by_curl = same_request(page, peer, text(page, ".panel .block pre"), folder)
        assert header(by_page, "Content-Type").startswith("multipart/form-data; boundary="), by_page
        for request in [by_page, by_curl]:
            body = request["body"]
            assert 'name="note"\r\n\r\nIt\'s "new"; really\r\n' in body, body
            assert 'name="file"; filename="docs page;test.txt"\r\nContent-Type: text/plain\r\n\r\ncontent of the file' in body, body
            assert 'name="details"\r\nContent-Type: application/json\r\n\r\n{"pages":3}\r\n' in body, body
        page = world.page(peer, "#putCover")
        choose_file(page, ".try input[type=file]", path)
        send(page)
        assert peer.requests[-1]["body"] == "content of the file"
        assert header(peer.requests[-1], "Content-Type") == "image/png"
        quiet(page)


@check
def events_are_shown_as_they_come(world):
    peer = world.peer()
    page = world.page(peer, "#followOrder")
    page.run("document.querySelector('.try button.primary').click()")
    page.wait("document.querySelector('.events li')")
    assert "packed" in text(page, ".events") and '"parcels": 2' in text(page, ".events")
    assert page.run("document.querySelectorAll('.events li').length") == 1
    assert page.run("document.querySelector('.try .actions button:last-child').offsetParent !== null"), "no stop button"
    peer.go_on.set()
    page.wait("document.querySelectorAll('.events li').length === 2")
    assert "line one\nline two" in text(page, ".events")
    page.wait("document.querySelector('.response').innerText.includes('End of the stream')")
    quiet(page)


@check
def a_stream_can_be_stopped(world):
    page = world.page(world.peer(), "#followOrder")
    page.run("document.querySelector('.try button.primary').click()")
    page.wait("document.querySelector('.events li')")
    page.run("document.querySelector('.try .actions button:last-child').click()")
    page.wait("document.querySelector('.response').innerText.includes('Stopped')")
    quiet(page)


@check
def pictures_and_errors_are_shown(world):
    peer = world.peer()
    page = world.page(peer, "#getCover")
    send(page)
    page.wait("document.querySelector('.response img')?.naturalWidth === 120")
    world.shot(page, "picture")
    quiet(page)
    page = world.page(peer, "#getBook")
    fill(page, "book_id", "404")
    send(page)
    assert "404 Not Found" in text(page, ".response") and "No such book" in text(page, ".response")


@check
def other_servers_are_reached_if_declared_and_refused_if_not(world):
    other = world.peer(allow_origin="*")
    peer = world.peer()
    page = world.page(peer, "#getBook")
    choose = "(() => { const one = document.querySelector('.try select'); one.value = '%d'; one.dispatchEvent(new Event('change')); })()"
    page.run(choose % 1)
    fill(page, "port", str(other.port))
    send(page)
    assert other.requests and other.requests[-1]["target"] == "/api/books/7", text(page, ".response")
    assert "200 OK" in text(page, ".response")
    quiet(page)
    page.run(choose % 2)
    send(page)
    assert "may only reach" in text(page, ".response"), text(page, ".response")


@check
def what_a_browser_does_not_send_is_said_so(world):
    document = {"openapi": "3.1.0", "info": {}, "servers": [{"url": "/api"}], "paths": {"/a": {"get": {
        "operationId": "a", "parameters": [{"name": "X-Name", "in": "header", "required": True, "example": "\u0416"},
                                           {"name": "Referer", "in": "header", "required": True, "example": "x"}]}}}}
    peer = world.peer(document)
    page = world.page(peer, "#a")
    send(page)
    assert "The browser does not send such" in text(page, ".response"), text(page, ".response")
    assert "does not let a page send the header Referer" in text(page, ".try")
    fill(page, "X-Name", "latin")
    send(page)
    assert "200 OK" in text(page, ".response") and header(peer.requests[0], "Referer") is None, peer.requests


@check
def copying_puts_the_command_into_the_clipboard(world):
    page = world.page(world.peer(), "#getBook")
    page.run("document.querySelector('[aria-label=\"Copy curl command\"]').click()")
    page.wait("document.querySelector('[aria-label=\"Copy curl command\"]').textContent !== 'Copy'")
    assert text(page, "[aria-label='Copy curl command']") == "Copied"
    assert "Copied curl command" in page.run("document.getElementById('live').textContent")


@check
def a_server_that_is_down_is_said_so(world):
    other = world.peer()
    other.close()
    page = world.page(world.peer(), "#getBook")
    page.run("(() => { const one = document.querySelector('.try select'); one.value = '1'; one.dispatchEvent(new Event('change')); })()")
    fill(page, "port", str(other.port))
    send(page)
    assert "No response" in text(page, ".response"), text(page, ".response")


@check
def a_hostile_document_is_inert(world):
    peer = world.peer(hostile_document(world.naughty))
    page = world.page(peer)
    anchors = page.run("[...document.querySelectorAll('main a')].map((a) => a.getAttribute('href')).filter((a) => a?.startsWith('#'))")
    assert len(anchors) > 10, anchors
    for anchor in [""] + anchors:
        page.run(f"location.hash = {json.dumps(anchor)}")
        page.wait("document.querySelector('h1')")
        for _ in range(2):
            page.run("document.querySelectorAll('main .toggle[aria-expanded=false]').forEach((one) => one.click())")
        page.run("document.querySelector('.try button.primary')?.click()")
        found = page.run("""[...document.querySelectorAll('script, iframe, object, embed, base, form[action], img, style, link, meta')]
          .filter((one) => one.closest('main, nav, dialog, .bar')).map((one) => one.outerHTML)""")
        assert not found, found
        links = page.run("[...document.querySelectorAll('a')].map((one) => one.href).filter((one) => !/^(https?|mailto|blob):/.test(one))")
        assert not links, links
        attributes = page.run("[...document.querySelectorAll('*')].flatMap((one) => [...one.attributes]).map((one) => one.name).filter((one) => one.startsWith('on') || one === 'style')")
        assert not attributes, attributes
    page.run("document.querySelector('#authorize').click()")
    assert page.run("window.pwned") is None and page.run("({}).polluted") is None
    assert page.run("document.querySelector('main').textContent.length") > 100
    quiet(page, allowed=["Failed to load resource"])


@check
def naughty_strings_appear_as_they_are(world):
    if not world.naughty:
        return "skipped: no corpus"
    strings = [one for one in world.naughty if one]
    document = {"openapi": "3.1.0", "info": {"title": "N", "version": "1"}, "paths": {},
                "components": {"schemas": {"All": {"enum": ["x"], "type": "object", "properties": {
                    one: {"title": one, "const": one} for one in strings}}}}}
    page = world.page(world.peer(document), "#schema/All")
    shown = page.run("[...document.querySelectorAll('main .schema > li > .row code.name, main .schema > li .toggle code.name')].map((one) => one.textContent)")
    # A JSON object keeps integer-like names first, so the order is not compared.
    assert sorted(set(shown)) == sorted(set(strings)), set(strings) ^ set(shown)
    quiet(page)


@check
def malformed_documents_do_not_break_the_page(world):
    for document in [b"[]", b"null", b'{"openapi":5,"info":7,"paths":[1],"tags":"x","servers":{"a":1},"components":[]}',
                     b'{"paths":{"/a":{"get":{"parameters":[null,5,{"$ref":"#/paths"}],"responses":[1],"requestBody":{"content":{"application/json":null}},"tags":[{}],"security":7}}}}']:
        peer = world.peer()
        peer.document = document
        page = world.page(peer)
        for anchor in page.run("[...document.querySelectorAll('main .operation')].map((a) => a.getAttribute('href'))"):
            page.run(f"location.hash = {json.dumps(anchor)}")
        quiet(page)
    peer = world.peer()
    peer.document = b'{"openapi": '
    page = world.page(peer)
    assert "cannot be read" in text(page, "h1")


@check
def a_thousand_operations_are_there_at_once(world):
    page = world.page(world.peer(large_document(1000)))
    page.wait("document.querySelectorAll('main .operation').length === 1000")
    start = page.run("performance.getEntriesByType('resource').at(-1).responseEnd")
    page.run("window.began = performance.now(); location.hash = '#operation500'")
    page.wait("document.querySelector('h1').innerText.startsWith('Operation 500')")
    elements = page.run("document.querySelectorAll('*').length")
    assert elements < 3000, elements
    page.key("/", code="Slash")
    page.type("operation 77")
    page.wait("document.querySelector('.results [role=option]')")
    assert "77" in text(page, ".results [aria-selected=true]")
    quiet(page)
    return f"{elements} elements with one open; document there after {start:.0f} ms"


@check
def keyboard_and_focus(world):
    page = world.page(world.peer(), "#getBook")
    page.key("Tab")
    assert page.run("document.activeElement.id") == "skip"
    page.key("Enter")
    assert page.run("document.activeElement.id") == "main"
    assert page.run("location.hash") == "#getBook"
    # Every stop of Tab through the page is visible and has an outline.
    for _ in range(25):
        page.key("Tab")
        state = page.run("""(() => { const one = document.activeElement; const style = getComputedStyle(one);
          return [one.tagName, one.checkVisibility(), style.outlineStyle !== 'none' || one.id === 'main' || one === document.body]; })()""")
        assert state[1] and state[2], state
    page.run("document.querySelector('nav .toggle').focus()")
    before = page.run("document.activeElement.getAttribute('aria-expanded')")
    page.key("Enter")
    assert page.run("document.activeElement.getAttribute('aria-expanded')") != before
    page.run("location.hash = '#createBook'")
    page.wait("document.querySelector('[role=tab]')")
    page.run("document.querySelector('[role=tab]').focus()")
    page.key("ArrowRight")
    assert page.run("document.activeElement.innerText") == "application/xml"
    assert page.run("document.activeElement.getAttribute('aria-selected')") == "true"
    quiet(page)


@check
def light_and_dark_follow_the_system_and_the_switch(world):
    ground = "getComputedStyle(document.body).backgroundColor"
    peer = world.peer()
    page = world.page(peer, dark=True)
    assert page.run(ground) == "rgb(20, 22, 26)", page.run(ground)
    world.shot(page, "overview-dark")
    page.run("document.getElementById('theme').click()")
    assert page.run(ground) == "rgb(255, 255, 255)"
    page.reload("document.querySelector('main h1')")
    assert page.run(ground) == "rgb(255, 255, 255)"
    page = world.page(peer, "#createBook", dark=True)
    world.shot(page, "operation-dark")


def visit(page, anchor):
    """Goes to the anchor and opens what can be opened there."""
    page.run(f"location.hash = {json.dumps(anchor)}")
    page.wait(f"document.querySelector('nav [aria-current]')?.getAttribute('href') === {json.dumps(anchor or '#')}")
    page.run("document.querySelectorAll('main .toggle[aria-expanded=false]').forEach((one) => one.click())")


@check
def accessible_names_structure_and_contrast(world):
    with open(os.path.join(HERE, "accessibility.js")) as file:
        script = file.read()
    peer = world.peer()
    least = 21

    def look(*place):
        nonlocal least
        found = page.run(script)
        assert not found["findings"], (place, found)
        least = min(least, found["least"])

    for dark in [False, True]:
        for width in [1440, 390]:
            page = world.page(peer, dark=dark, width=width)
            for anchor in ["", "#listBooks", "#createBook", "#updateBook", "#everyStyle", "#upload", "#drawShape",
                           "#schema/Everything"]:
                visit(page, anchor)
                look(anchor, dark, width)
            visit(page, "#listBooks")
            send(page)
            look("response", dark, width)
            visit(page, "#createBook")
            fill(page, "Body", "{")
            page.run("document.querySelector('.search input').focus()")
            page.type("book")
            page.wait("document.querySelector('.results [aria-selected=true]')")
            look("search and error", dark, width)
            page.key("Escape")
            page.run("document.getElementById('authorize').click()")
            look("dialog", dark, width)
    return f"least contrast {least:.2f}"


@check
def narrow_windows_do_not_scroll_sideways(world):
    peer = world.peer()
    for width in [320, 390, 768, 1024, 1280]:
        page = world.page(peer, width=width)
        for anchor in ["", "#listBooks", "#createBook", "#everyStyle", "#drawShape", "#schema/ValidationError"]:
            visit(page, anchor)
            wide = page.run("document.scrollingElement.scrollWidth")
            assert wide <= width, (width, anchor, wide)
            if width == 390 and anchor in ("", "#createBook"):
                world.shot(page, f"phone{anchor.replace('#', '-')}", whole=anchor != "")
    page = world.page(peer, width=390, height=844)
    assert page.run("document.querySelector('nav').offsetParent") is None
    page.run("document.getElementById('menu').click()")
    assert page.run("document.getElementById('menu').getAttribute('aria-expanded')") == "true"
    assert page.run("document.querySelector('nav a').checkVisibility()")
    world.shot(page, "phone-menu")
    page.key("Escape")
    assert page.run("document.activeElement.id") == "menu"
    quiet(page)


@check
def paper_shows_the_text_without_the_tools(world):
    page = world.page(world.peer(), "#createBook")
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.run("!document.querySelector('nav').checkVisibility() && !document.querySelector('.panel').checkVisibility()")
    assert page.run("document.querySelector('main h1').checkVisibility()")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--naughty")
    parser.add_argument("--screenshots")
    parser.add_argument("--only")
    arguments = parser.parse_args()
    world = World(arguments)
    failed = 0
    try:
        for function in checks:
            if arguments.only and arguments.only not in function.__name__:
                continue
            name = function.__name__.replace("_", " ")
            try:
                note = function(world)
                print(f"ok {name}" + (f" ({note})" if note else ""), flush=True)
            except Exception:
                failed += 1
                where = traceback.format_exc(limit=-2).strip().replace("\n", "\n  ")
                print(f"not ok {name}\n  {where[-3000:]}", flush=True)
            finally:
                world.clean()
    finally:
        world.browser.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
