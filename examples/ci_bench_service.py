"""Answers every request with `pong`, on a port that the system chooses."""

import http.server
import os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"pong")

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

# Written beside and renamed, so that nobody reads half a number.
with open("port.new", "w") as file:
    file.write(str(server.server_port))
os.rename("port.new", "port")

server.serve_forever()
