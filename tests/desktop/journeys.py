"""What a person does with the tray app. Each journey starts on a fresh screen with a fresh home."""

import json
import signal
import socket
import time
import urllib.error

from app import free_port, without_display
from screen import until
from tray import Tray
from webdriver import Driver


# Left, top, width, height.
ICON_PLACE = (2, 3, 30, 24)
MENU_PLACE = (10, 90, 200, 200)


def window_and_tray(screen, app):
    """The window shows Home; the tray switches accounts; closing hides; a second start raises; quit ends."""
    app.settled()
    began = time.monotonic()
    app.start()
    window = until(app.window, "no window")
    print(f"      window after {time.monotonic() - began:.2f} s", end="", flush=True)
    app.shown()
    print(f", its page after {time.monotonic() - began:.2f} s")
    tray = Tray(screen, app)
    tray.wait()
    app.add_account("First")
    app.add_account("Second")
    assert app.active() == "First", app.accounts()
    screen.shoot("home")

    tray.open()
    screen.shoot("menu")
    tray.close()
    tray.choose("Second")
    until(lambda: app.active() == "Second", "the tray switches to no account")
    assert app.message("hello") == "echo: hello"
    assert app.last_row()["account_name"] == "Second", app.last_row()
    assert not app.ask("/api/settings")["failover"]["enabled"], "exactly this account answers"
    tray.open()
    screen.shoot("menu-switched")
    tray.close()
    tray.choose("automatic")
    until(lambda: app.ask("/api/settings")["failover"]["enabled"], "automatic is not switched on")
    assert app.active() == "Second"

    app.close_window()
    screen.shoot("closed")
    assert app.message("still here") == "echo: still here"

    second = app.spawn()
    assert second.wait(20) == 0, "a second start is not sent away"
    until(app.window, "a second start does not raise the window")
    app.shown()
    screen.shoot("raised")

    port = app.ask("/api/status")["port"]
    tray.choose("quit")
    assert app.process.wait(20) == 0
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))


def pausing_and_copying(screen, app):
    """What else the tray does: pause and resume, copy, start at login, open a screen."""
    app.settled().start("--hidden")
    tray = Tray(screen, app)
    tray.wait()
    assert not app.window(), "started hidden, with a window"
    running = screen.picture(*ICON_PLACE)
    tray.choose("pause")
    until(lambda: app.ask("/api/status")["paused"], "the tray does not pause")
    until(lambda: screen.picture(*ICON_PLACE) != running, "a paused proxy looks like a running one")
    screen.shoot("paused")
    try:
        app.message("refused")
        raise AssertionError("a paused proxy answers")
    except urllib.error.HTTPError as error:
        assert error.code == 503, error.code
    tray.open()
    screen.shoot("menu-paused")
    tray.close()
    tray.choose("pause")
    until(lambda: not app.ask("/api/status")["paused"], "the tray does not resume")

    tray.choose("copy", "Right", "Return")
    until(lambda: screen.clipboard() == app.proxy(), "the base URL is not copied")

    entry = app.home / ".config/autostart/switchboard.desktop"
    tray.choose("autostart")
    until(entry.exists, "nothing starts at login")
    assert f"Exec={app.binary} --hidden" in entry.read_text(), entry.read_text()
    assert app.ask("/api/shell/autostart")["on"]
    tray.open()
    screen.shoot("menu-autostart")
    tray.close()
    tray.choose("autostart")
    until(lambda: not entry.exists(), "it still starts at login")

    tray.choose("logs")
    app.shown()
    screen.shoot("logs")


def chinese(screen, app):
    """The tray speaks the language of the settings, without a restart."""
    app.start("--hidden")
    tray = Tray(screen, app)
    tray.wait()
    tray.open()
    english = screen.picture(*MENU_PLACE)
    app.ask("/api/settings", {"language": "zh-CN"}, method="PUT")
    until(lambda: not tray.menu(), "the menu keeps its language")
    tray.open()
    screen.shoot("menu")
    assert screen.picture(*MENU_PLACE) != english
    tray.close()
    tray.choose("open")
    app.shown()
    screen.shoot("window")


def memory_comes_back(screen, app):
    """A hidden window gives its memory back within a minute, and opens again."""
    app.start()
    window = until(app.window, "no window")
    until(app.web_processes, "no web view")
    app.close_window()
    until(lambda: not app.web_processes(), "the web view stays", 75)
    print(f"      {app.memory():.1f} MiB of its own with the window closed")
    assert app.memory() <= 60, "the core is to stay below 60 MiB"
    assert app.message("alone") == "echo: alone"
    assert app.spawn().wait(20) == 0
    app.shown()
    screen.shoot("again")


def in_the_window(screen, app):
    """Accounts and Chat, driven inside the web view; the page has no way to the shell but HTTP."""
    app.settled()
    with Driver(app, free_port()) as page:
        page.says("Home")
        app.add_account("First")
        app.add_account("Second")
        assert app.active() == "First", app.accounts()
        page.go("/accounts")
        page.says("Second")
        screen.shoot("accounts")
        page.click(page.button("Use now"))
        until(lambda: app.active() == "Second", "Use now switches to no account")
        page.go("/chat")
        page.type(page.find("textarea"), "hello from the window")
        page.click(page.button("Send"))
        page.says("echo: hello from the window")
        screen.shoot("chat")
        assert app.last_row()["account_name"] == "Second", app.last_row()

        page.go("/logs")
        page.click(page.button("CSV"))
        kept = until(lambda: list(app.home.glob("*.csv")), "no export is kept")[0]
        until(lambda: "Second" in kept.read_text(), "the export is empty")
        until(lambda: kept.stat().st_mode & 0o077 == 0, "others may read the export")

        page.go("/usage")
        page.find("svg path.c1")

        refused = page.run_async("""
            const done = arguments[arguments.length - 1];
            const internals = window.__TAURI_INTERNALS__;
            if (!internals) return done('no internals');
            internals.invoke('plugin:window|close').then(() => done('allowed'), (error) => done(String(error)));
        """)
        assert refused != "allowed", "the page can command the shell"
        print(f"      the shell says: {refused}")
        before = page.run("return location.origin")
        page.run("location.href = 'http://127.0.0.1:1/'")
        page.go("/accounts")
        page.says("Second")
        assert page.run("return location.origin") == before, "the window left its origin"


def notified(screen, app):
    """Closing the window says once that the proxy goes on; a click on that opens the window again."""
    screen.start_notifications()
    app.settled().start()
    window = app.shown()
    app.close_window()
    note = until(screen.notification, "nothing is said")
    screen.shoot("note")
    x, y, width, height = screen.geometry(note)
    screen.click(x + width // 2, y + height // 2)
    window = app.shown()
    until(lambda: not screen.notification(), "what was clicked stays")
    app.close_window()
    assert app.message("on") == "echo: on"
    assert not screen.notification(), "it is said once"


def place(screen, app):
    """The window comes back where it was and as large as it was."""
    app.settled().start()
    window = app.shown()
    screen.do("xdotool", "windowsize", window, "900", "600", "windowmove", window, "200", "150")
    until(lambda: screen.geometry(window)[2:] == (900, 600), "the window keeps its size")
    put = until(lambda: (left := screen.geometry(window)[0]) in range(195, 206) and screen.geometry(window), "it does not move")
    app.stop()
    app.start()
    window = app.shown()
    until(lambda: screen.geometry(window) == put, f"the window is not at {put}")


def killed(screen, app):
    """What was there is there after `kill -9`."""
    app.start("--hidden")
    app.add_account("Second")
    app.ask("/api/settings", {"retention_days": 7}, method="PUT")
    app.message("remember")
    until(lambda: app.ask("/api/logs?limit=1")["rows"], "no row")
    app.ask("/api/conversations", {"title": "kept", "messages": []})
    app.process.send_signal(signal.SIGKILL)
    app.process.wait()
    app.start("--hidden")
    assert [account["name"] for account in app.accounts()].count("Second") == 1
    assert app.ask("/api/settings")["retention_days"] == 7
    assert app.last_row()["model_asked"] == "claude-sonnet-4-5", app.last_row()
    assert len(app.ask("/api/conversations")["conversations"]) == 1


def late_tray(screen, app):
    """The tray's host may start later than we do."""
    app.start("--hidden")
    assert not app.window()
    screen.start_tray()
    Tray(screen, app).wait()
    assert not app.window(), "a late tray is no reason for a window"
    screen.shoot("icon")


late_tray.tray = False


def no_tray(screen, app):
    """Without a tray the window opens and says so."""
    app.settled().start("--hidden")
    until(app.window, "no window", 45)
    app.shown()
    screen.shoot("told")
    checks = app.ask("/api/diagnostics")["checks"]
    assert any(check["id"] == "tray" and check["state"] == "warn" for check in checks), checks


no_tray.tray = False


def port_taken(screen, app):
    """The window opens although the proxy's port is taken, names who has it, and moves the proxy with one button."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with Driver(app, free_port(), "--port", str(port)) as page:
            page.says(f"Port {port} is taken")
            screen.shoot("first-start")
            page.click(page.button("Use the next free port"))
            until(lambda: not app.ask("/api/status")["port_problem"], "the button moves the proxy nowhere")
            assert app.message("moved") == "echo: moved"
            # The page's policy named the old place: it is loaded anew, and reaches the new one.
            until(lambda: f"Port {port} is taken" not in page.text(), "the page stays as it was")
            page.click(page.button("Skip"))
            page.says(app.proxy())
            page.go("/chat")
            page.type(page.find("textarea"), "after the move")
            page.click(page.button("Send"))
            page.says("echo: after the move")
        app.process = app.spawn("--port", str(port))
        app.shown()
        screen.shoot("home")


def at_the_gate(screen, app):
    """A window whose session is over is let in again by the tray and by a second start."""
    app.settled()
    with Driver(app, free_port()) as page:
        page.says("Home")
        app.ask("/api/password", {"password": "a long enough password"}, method="PUT")
        page.says("password")
        screen.shoot("gate")
        assert app.spawn().wait(20) == 0
        page.says("Home")


def cannot_start(screen, app):
    """Where the core cannot start, a window says why; closing it ends the program."""
    app.folder.write_text("a file where a folder should be")
    app.process = app.spawn()
    app.shown()
    screen.shoot("why")
    app.close_window()
    assert app.process.wait(20) == 1


def started_again(screen, app):
    """Who starts it right after quitting gets a new one, and not the one that is about to end."""
    app.settled().start("--hidden")
    app.process.send_signal(signal.SIGTERM)
    first, app.process = app.process, app.spawn("--hidden")
    assert first.wait(20) == 0
    until(lambda: app.listens() and json.loads((app.folder / "app.json").read_text())["pid"] == app.pid, "nothing runs")
    assert app.message("again") == "echo: again"


def no_display(screen, app):
    """Where nothing can be drawn it says what to do instead."""
    ended = without_display(app.binary)
    assert ended.returncode == 1, ended
    assert "switchboard serve" in ended.stderr, ended.stderr


ALL = [
    window_and_tray,
    pausing_and_copying,
    in_the_window,
    chinese,
    notified,
    place,
    killed,
    late_tray,
    no_tray,
    port_taken,
    at_the_gate,
    cannot_start,
    started_again,
    no_display,
    memory_comes_back,
]

