"""Asks a server all that its OpenAPI description allows, and much that it does not: schemathesis on /api/openapi.json.

    python3 ci/api/check.py CROWDSKY [OPTION OF schemathesis]...

CROWDSKY is the program. It serves an empty folder on a free port of loopback; a user uploads simulated nights, a worker makes
two stacks, other jobs are left to be claimed and a session is left open. Exit status 1 if there is an answer that the
description does not have, a fault of the server, or a line of an internal error in its log.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
NAME, PASSWORD = "ada", "ada looks at the sky"
# Nothing that is a limit of a person's patience or of a machine's strength is asked about here.
SETTINGS = """
[accounts]
bcrypt_cost = 4
logins_per_minute_per_ip = 100000
[uploads]
max_open_sessions = 1000000
[jobs]
# A claim that waits for a job would wait 30 s each time.
long_poll_s = 0
# What was claimed and let go can soon be claimed again, however often.
lease_s = 10
heartbeat_s = 5
legacy_lease_s = 10
reap_every_s = 1
backoff_first_s = 0
max_attempts = 1000000
"""


class Server:
    """`crowdsky serve` on a folder of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.config = folder / "config.toml"
        self.config.write_text(f'data_dir = "{folder / "data"}"\n{SETTINGS}')
        self.place = ["--config", str(self.config)]
        self.log = open(folder / "server.log", "w+")

    def run(self, *words, stdin=""):
        done = subprocess.run([self.program, *words], input=stdin, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"crowdsky {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def simulate(self, name, *options):
        """A simulated night: its frames."""
        self.run("simulate", str(self.folder / name), *options)
        return sorted((self.folder / name).glob("*.fit"))

    def __enter__(self):
        command = [self.program, "serve", *self.place, "--listen", "127.0.0.1:0", "--workers", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        told = self.process.stdout.readline().strip()
        if not told.startswith("listening on "):
            self.process.kill()
            sys.exit(f"the server did not start: {pathlib.Path(self.log.name).read_text()}")
        self.url = told.removeprefix("listening on ")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def faults(self):
        """Lines of the log that speak of a fault of ours."""
        lines = pathlib.Path(self.log.name).read_text().splitlines()
        return [line for line in lines if re.search(r"ERROR|panicked", line)]


class Browser:
    """A user's session."""

    def __init__(self, url):
        self.url, self.cookie, self.csrf = url, "", ""
        opener = urllib.request.build_opener(NoRedirect)
        self.open = opener.open
        page, answer = self.ask("GET", "/login.php")
        self.keep(answer)
        form = {"form_action": "login", "username": NAME, "password": PASSWORD}
        form["csrf_token"] = re.search(r'name="csrf_token" value="(\w+)"', page.decode())[1]
        _, answer = self.ask("POST", "/login.php", urllib.parse.urlencode(form).encode())
        self.keep(answer)
        page, _ = self.ask("GET", "/upload.php")
        self.csrf = re.search(r'name="csrf-token" content="(\w+)"', page.decode())[1]

    def keep(self, answer):
        self.cookie = re.search(r"crowdsky=(\w+)", answer.headers["Set-Cookie"])[1]

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, data=body, method=method)
        request.add_header("Cookie", f"crowdsky={self.cookie}")
        if method != "GET" and self.csrf:
            request.add_header("X-CSRF-Token", self.csrf)
        with self.open(request, timeout=60) as answer:
            return answer.read(), answer

    def upload(self, frames):
        """A session with these frames: its token."""
        token = json.loads(self.ask("POST", "/api/v1/uploads", b"{}")[0])["token"]
        for frame in frames:
            body = frame.read_bytes()
            name = urllib.parse.quote(frame.name)
            self.ask("PUT", f"/api/v1/uploads/{token}/files/{hashlib.sha256(body).hexdigest()}?name={name}", body)
        return token

    def finalise(self, token):
        self.ask("POST", f"/api/v1/uploads/{token}/finalize", b"")
        return token


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The cookie is in the answer that redirects."""

    def http_error_302(self, request, answer, code, message, headers):
        return answer


def furnish(server, folder):
    """Two stacks, jobs to be claimed, a session to be filled and frames to fill it with; who asks about them."""
    token = server.run("worker-token", *server.place, "new", "schemathesis")
    (folder / "token").write_text(token)
    night = server.simulate("night", "--frames", "6", "--seed", "3")
    # A quarter of an hour apart: each frame is a job of its own.
    jobs = server.simulate("jobs", "--frames", "40", "--seed", "4", "--size", "64x64", "--cadence", "900")
    spare = server.simulate("spare", "--frames", "60", "--seed", "5", "--size", "64x64")
    browser = Browser(server.url)
    sessions = [browser.finalise(browser.upload(night)) for _ in range(2)]
    for _ in sessions:
        server.run("worker", "--server", server.url, "--token-file", str(folder / "token"), "--once")
    sessions += [browser.finalise(browser.upload(jobs)), browser.upload(spare[:5])]
    hashes = [hashlib.sha256(frame.read_bytes()).hexdigest() for frame in spare[:5]]
    lists = {
        "tokens.txt": sessions,
        "open.txt": [browser.upload([])],
        "hashes.txt": hashes,
        "form-tokens.txt": [browser.csrf],
    }
    for name, words in lists.items():
        (folder / name).write_text("".join(f'"{word}"\n' for word in words))
    return {
        "CROWDSKY_SESSION": browser.cookie,
        "CROWDSKY_CSRF": browser.csrf,
        "CROWDSKY_WORKER": token,
        "CROWDSKY_FRAMES": str(folder / "spare"),
        "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
    }


def main():
    program, options = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        server = Server(program, folder)
        server.run("user", *server.place, "add", NAME, "--email", "ada@example.org", stdin=PASSWORD)
        with server:
            who = furnish(server, folder)
            shutil.copy(HERE / "schemathesis.toml", folder)
            command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml"), "run"]
            command += [f"{server.url}/api/openapi.json", *options]
            status = subprocess.run(command, cwd=folder, env={**os.environ, **who}).returncode
        faults = server.faults()
        for line in faults:
            print(f"in the server's log: {line}")
        sys.exit(1 if status or faults or server.process.returncode else 0)


if __name__ == "__main__":
    main()
