"""Drives a headless Chromium through the DevTools protocol over two pipes: no driver program, no package, no port."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def find():
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


class ProtocolError(Exception):
    pass


class Chromium:
    def __init__(self, timeout=30):
        self.timeout = timeout
        self.profile = tempfile.mkdtemp(prefix="docs-page-profile-")
        (read_commands, self.commands), (self.answers, write_answers) = os.pipe(), os.pipe()

        def place_pipes():
            # Chromium reads commands at descriptor 3 and writes answers at 4. Copies out of the way first, since either
            # of ours may be 3 or 4 already.
            first, second = os.dup(read_commands), os.dup(write_answers)
            spare = [os.dup(first), os.dup(second)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        self.process = subprocess.Popen(
            [find(), "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "--no-first-run",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-default-browser-check", "--hide-scrollbars",
             "about:blank"],
            close_fds=False, preexec_fn=place_pipes, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(read_commands)
        os.close(write_answers)
        self.buffer = b""
        self.last = 0
        self.events = []

    def close(self):
        try:
            self.send("Browser.close")
        except (ProtocolError, OSError, TimeoutError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def read(self, deadline):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("no answer from Chromium")
            data = os.read(self.answers, 1 << 20)
            if not data:
                raise ProtocolError("Chromium ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, session=None, **parameters):
        self.last += 1
        number = self.last
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.timeout
        while True:
            answer = self.read(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise ProtocolError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)


class Page:
    """One tab, with whatever it complained about."""

    def __init__(self, browser, width=1440, height=900, dark=False):
        self.browser = browser
        context = browser.send("Target.createBrowserContext")["browserContextId"]
        self.target = browser.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Audits"]:
            self.send(f"{domain}.enable")
        self.resize(width, height)
        self.colours(dark)

    def send(self, method, **parameters):
        return self.browser.send(method, session=self.session, **parameters)

    def close(self):
        self.browser.send("Target.closeTarget", targetId=self.target)

    def resize(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)

    def colours(self, dark):
        self.send("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, address):
        self.send("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def reload(self, condition):
        self.run("window.isOld = true")
        self.send("Page.reload")
        self.wait(f"!window.isOld && document.body && ({condition})")

    def run(self, expression):
        """The value of an expression or promise in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                           userGesture=True)
        if "exceptionDetails" in answer:
            raise ProtocolError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition, seconds=10):
        """Until the condition holds. Polls, since conditions are about the DOM and not about one event."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"never true: {condition}")
            self.run("new Promise((done) => requestAnimationFrame(() => done(1)))")

    def key(self, key, code=None, modifiers=0, text=None):
        special = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "ArrowRight": 39, " ": 32}
        number = special.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = text if text is not None else {"Enter": "\r"}.get(key, key if len(key) == 1 and not modifiers else "")
        for kind in ["keyDown", "keyUp"]:
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, modifiers=modifiers,
                      windowsVirtualKeyCode=number, text=text if kind == "keyDown" else "")

    def type(self, text):
        self.send("Input.insertText", text=text)

    def screenshot(self, path, whole=False):
        import base64
        picture = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def complaints(self):
        """Errors, exceptions and policy violations of this tab so far."""
        found = []
        self.run("1")
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            parameters = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            elif event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                found.append(str(parameters["args"]))
            elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
            elif event["method"] == "Audits.issueAdded":
                issue = parameters["issue"]
                if issue["code"] == "ContentSecurityPolicyIssue":
                    found.append(json.dumps(issue["details"]["contentSecurityPolicyIssueDetails"]))
        return found
