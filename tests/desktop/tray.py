"""The tray's menu, used with mouse and keyboard as a person does."""

import time

from screen import until

# Lines that can be chosen, top to bottom; accounts stand between the first and the rest.
AFTER_ACCOUNTS = ["pause", "copy", "open", "logs", "diagnostics", "autostart", "quit"]
ICON = (17, 15)


class Tray:
    def __init__(self, screen, app):
        self.screen, self.app = screen, app

    def wait(self):
        until(self.screen.has_tray_icon, "the tray shows no icon", 40)

    def open(self):
        """Clicks until the menu is open: one that is opened while the accounts change is drawn anew, which closes it."""
        def opened():
            self.screen.click(*ICON)
            end = time.monotonic() + 2
            while time.monotonic() < end:
                menu = self.menu()
                if menu and self.is_drawn(menu):
                    return menu
            return None
        return until(opened, "the menu does not open")

    def is_drawn(self, menu):
        """Whether the menu shows its lines, which takes a moment after it has a window."""
        x, y, width, height = self.screen.geometry(menu)
        return width > 0 and self.screen.colours(x, y, width, height) > 8

    def menu(self):
        """The menu's window: the only one of ours without a title."""
        shown = self.screen.do("xdotool", "search", "--onlyvisible", "--class", "switchboard", check=False).split()
        for window in shown:
            x, y, width, height = self.screen.geometry(window)
            if y < 100 and 100 < width < 700 and height > 150 and window != self.app.window():
                return window
        return None

    def lines(self):
        accounts = [account["name"] for account in self.app.accounts()]
        return ["automatic", *accounts, *AFTER_ACCOUNTS]

    def choose(self, line, *further):
        """Opens the menu and chooses a line by its name, or one of a submenu by further keys."""
        self.open()
        steps = self.lines().index(line) + 1
        self.screen.keys(*["Down"] * steps)
        self.screen.keys(*(further or ["Return"]))
        until(lambda: not self.menu(), "the menu does not close")

    def close(self):
        self.screen.keys("Escape")
        until(lambda: not self.menu(), "the menu does not close")
