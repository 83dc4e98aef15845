"""Runs a command in a pseudo-terminal: what is written to this program's standard input is typed,
and what the terminal shows comes out of its standard output. Ends with the command's exit code."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

ROWS, COLUMNS = 40, 120


def hear_every_signal():
    """As a login gives it to a person's shell: what started this program may have ignored or blocked
    signals (`nohup`, a shell's `&`), and Python ignores SIGPIPE."""
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_DFL)
        except OSError:  # SIGKILL and SIGSTOP are never ignored
            pass
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def main(command):
    pid, terminal = pty.fork()
    if pid == 0:
        hear_every_signal()
        os.execv(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    sources = [terminal, sys.stdin.fileno()]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if terminal in ready:
            try:
                shown = os.read(terminal, 65536)
            except OSError:  # the command has ended
                break
            if not shown:
                break
            os.write(sys.stdout.fileno(), shown)
        if sys.stdin.fileno() in ready:
            typed = os.read(sys.stdin.fileno(), 65536)
            if typed:
                os.write(terminal, typed)
            else:
                sources.remove(sys.stdin.fileno())
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
