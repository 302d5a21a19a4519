import { relocatedPattern } from './frame-pattern.ts';

/** Frames that a request runs in, as data: entries as in idle-patterns.ts. What is above them only waits for one. */
export const servesRequest = relocatedPattern([
  'javax/servlet/http/HttpServlet.service',
  'jakarta/servlet/http/HttpServlet.service',
  'com/sun/net/httpserver/*.doFilter',
  'org/apache/coyote/http11/Http11Processor.service',
  'org/apache/coyote/http2/StreamProcessor.process',
  'org/eclipse/jetty/server/Server.handle',
  'org/eclipse/jetty/server/HttpChannel.handle',
  'io/undertow/server/Connectors.executeRootHandler',
  'io/grpc/internal/ServerImpl$JumpToApplicationThreadServerStreamListener*',
  'io/grpc/stub/ServerCalls*',
  'io/vertx/core/http/impl/Http*ServerConnection.*',
  'io/netty/handler/codec/http*.channelRead',
  'reactor/netty/http/server/HttpServerOperations.*',
  'org/springframework/web/reactive/DispatcherHandler.*',
  'io/ktor/server/*Engine*',
  'akka/http/impl/engine/server/*',
  'play/core/server/*',
  'org/glassfish/grizzly/http/server/HttpHandler.*',
]);
