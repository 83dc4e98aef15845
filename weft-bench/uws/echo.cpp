// An echo server on µWebSockets 0.14 (C++), to be measured beside Weft: echo PORT.
// Messages of up to 16 MiB, without TLS; with permessage-deflate where a client offers it, by one
// compressor for all connections.
#include <cstdlib>
#include <iostream>

#include "uWS.h"

int main(int argc, char **argv) {
  int port = argc > 1 ? std::atoi(argv[1]) : 9001;
  uWS::Hub hub(uWS::PERMESSAGE_DEFLATE);
  hub.onMessage([](uWS::WebSocket<uWS::SERVER> *socket, char *message, size_t length,
                   uWS::OpCode opcode) {
    socket->send(message, length, opcode, nullptr, nullptr, true);
  });
  if (!hub.listen("127.0.0.1", port)) {
    std::cerr << "uws: cannot listen on port " << port << std::endl;
    return 69;
  }
  hub.run();
}
