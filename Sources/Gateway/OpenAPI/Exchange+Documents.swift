import GatewayHTTP
import NIOCore

/// Serves the OpenAPI document and the docs page.
extension Exchange {
  func serve(_ document: LazyDocument) {
    if let ready = document.ready { return answer(ready.response(ifNoneMatch: context.head.value(.ifNoneMatch))) }
    // The first time it has to be made, on a thread that may take its time.
    phase = .acting
    let began = serial
    let loop = runtime.loop
    let me = NIOLoopBound(self, eventLoop: loop)
    let accepted = runtime.blocking.submit {
      let made = document.make()
      loop.execute { me.value.made(made, began) }
    }
    if !accepted { refuse(HTTPError(503, detail: "The gateway is busy, try again", fields: [("retry-after", "1")])) }
  }

  private func made(_ document: ServedDocument?, _ began: UInt64) {
    guard serial == began, phase == .acting, !isAnswered, !isClientGone else { return }
    guard let document else { return refuse(HTTPError(500, cause: "the document was not made")) }
    answer(document.response(ifNoneMatch: context.head.value(.ifNoneMatch)))
  }
}
