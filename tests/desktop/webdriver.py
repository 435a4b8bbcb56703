"""As much of WebDriver as the journeys need, spoken to WebKitGTK's own driver."""

import json
import subprocess
import urllib.error
import urllib.request

from screen import until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Refused(AssertionError):
    pass


class Driver:
    """`with Driver(app) as page:` starts the app through the driver, which may then look into its web view."""

    def __init__(self, app, port, *arguments):
        self.app, self.base, self.arguments = app, f"http://127.0.0.1:{port}", list(arguments)
        environment = {**app.environment, "TAURI_AUTOMATION": "true", "TAURI_WEBVIEW_AUTOMATION": "true"}
        self.driver = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}", "--host=127.0.0.1"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        until(self.ready, "WebKitWebDriver does not start")
        options = {"binary": str(self.app.binary), "args": self.arguments}
        always = {"webkitgtk:browserOptions": options}
        self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": always}})["sessionId"]
        self.app.wait()
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.app.screen.shoot("page")
        try:
            self.call("DELETE", f"/session/{self.session}")
        except (OSError, Refused, AttributeError):
            pass
        self.driver.terminate()
        self.driver.wait(10)

    def ready(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return None

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            raise Refused(error.read().decode()[:500]) from error

    def run(self, script, *arguments):
        body = {"script": script, "args": list(arguments)}
        return self.call("POST", f"/session/{self.session}/execute/sync", body)

    def run_async(self, script, *arguments):
        body = {"script": script, "args": list(arguments)}
        return self.call("POST", f"/session/{self.session}/execute/async", body)

    def text(self):
        return self.run("return document.body.innerText")

    def find(self, selector):
        """An element once it is there."""
        def look():
            try:
                body = {"using": "css selector", "value": selector}
                return self.call("POST", f"/session/{self.session}/element", body)[ELEMENT]
            except Refused:
                return None
        return until(look, f"{selector} is not on the page")

    def button(self, text):
        """A button by the text on it."""
        def look():
            script = """
                const found = [...document.querySelectorAll('button, a')].find((one) =>
                  one.offsetParent && !one.disabled && (one.textContent.trim() === arguments[0] || one.ariaLabel === arguments[0]));
                return found ?? null;
            """
            found = self.run(script, text)
            return found and found[ELEMENT]
        return until(look, f"there is no button {text!r}")

    def click(self, element):
        self.call("POST", f"/session/{self.session}/element/{element}/click", {})

    def type(self, element, text):
        self.call("POST", f"/session/{self.session}/element/{element}/value", {"text": text})

    def says(self, text, seconds=20):
        return until(lambda: text in self.text(), f"the window does not say {text!r}", seconds)

    def go(self, route):
        self.run(f"location.hash = '#{route}'")
