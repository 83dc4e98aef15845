# Runs the Autobahn testsuite as a fuzzing server:
#
#   jython fuzzing_server.py PORT REPORTS WITHOUT
#
# WITHOUT is the number of a group to leave out, or empty. It listens on 127.0.0.1 only, says so in
# a line, and serves until it is ended.
import sys

from twisted.internet import reactor, tcp, main
from twisted.python import failure

port, reports, without = sys.argv[1:]

listen = reactor.listenTCP


def listen_on_loopback(port, factory, backlog=50, interface=''):
    listening = listen(port, factory, backlog, '127.0.0.1')
    print 'fuzzing server listens'
    sys.stdout.flush()
    return listening


reactor.listenTCP = listen_on_loopback

# Jython's select never reports a socket as writable whose peer has closed it, so that a close which
# waits for its last bytes to leave would wait for ever: a timer ends it.
lose = tcp.Connection.loseConnection


def lose_surely(self, *args, **kwargs):
    lose(self, *args, **kwargs)

    def finish(tries):
        if not self.connected:
            return
        try:
            result = self.doWrite()
        except Exception, e:
            result = e
        if result is None and tries > 0 and (self.dataBuffer or self._tempDataBuffer):
            reactor.callLater(0.05, finish, tries - 1)
            return
        reactor.removeReader(self)
        reactor.removeWriter(self)
        if self.connected:
            self.connectionLost(failure.Failure(main.CONNECTION_DONE))

    reactor.callLater(0.05, finish, 3)


tcp.Connection.loseConnection = lose_surely

from autobahntestsuite import wstest

spec = {
    'url': 'ws://127.0.0.1:' + port,
    'outdir': reports,
    'options': {'failByDrop': False},
    'webport': 0,
    'cases': ['*'],
    'exclude-cases': [without + '.*'] if without else [],
    'exclude-agent-cases': {},
}
wstest.start({'mode': 'fuzzingserver', 'webport': 0, 'debug': False, 'key': None, 'cert': None}, spec)
