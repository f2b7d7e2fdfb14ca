import CGatewayPlugin
import NIOConcurrencyHelpers
import NIOCore

/// The functions the gateway lends to plugins (`gw_host`). One table for the process, as plugins keep its address.
public final class HostTable: @unchecked Sendable {
  // Proof for @unchecked: the table's memory is written in `init`; after that only its loop count changes, under a lock
  // and before the gateway that needs it opens a plugin.
  public static let shared = HostTable()

  private let table: UnsafeMutablePointer<gw_host>
  private let registering = NIOLock()

  public var pointer: UnsafePointer<gw_host> { UnsafePointer(table) }

  private init() {
    table = .allocate(capacity: 1)
    table.initialize(
      to: gw_host(
        struct_size: UInt32(MemoryLayout<gw_host>.size),
        abi_major: UInt16(GW_ABI_MAJOR),
        abi_minor: UInt16(GW_ABI_MINOR),
        loop_count: 0,
        reserved: 0,
        respond: { PluginCall.respond($0, $1) },
        provide: { PluginCall.provide($0, $1) },
        finish: { PluginCall.finish($0) },
        fail: { PluginCall.fail($0, $1) },
        enqueue: { index, job, run, executor in
          LoopRegistry.shared.enqueue(PluginJob(job: job, function: run, executor: executor), on: index)
        },
        current_loop: { LoopRegistry.shared.current ?? UInt32.max },
        log: { HostServices.log(nil, $0, $1, nil, 0) },
        start_response: { PluginCall.startResponse($0, $1, resume: $2, context: $3) },
        write: { PluginCall.write($0, $1) },
        end_response: { PluginCall.endResponse($0) },
        respond_file: { PluginCall.respondFile($0, $1, $2) },
        proceed: { PluginCall.proceed($0, $1, $2) },
        pass_part: { PluginCall.passPart($0, $1) },
        background: { PluginCall.background($0, $1) },
        log_event: { HostServices.log($0, $1, $2, $3, $4) },
        trace_parent: { HostServices.traceParent($0, $1, $2) },
        metric: { HostServices.metric($0, $1, $2, $3) },
        record: { HostServices.record($0, $1) },
        now: { HostServices.now($0) },
        wall_clock: { HostServices.wallClock($0) },
        start_timer: { HostServices.startTimer($0, $1, $2, $3) },
        cancel_timer: { HostServices.cancelTimer($0, $1) },
        fetch: { HostServices.fetch($0) },
        resume_fetch: { HostServices.resumeFetch($0, $1) },
        write_fetch: { HostServices.writeFetch($0, $1, $2, $3) },
        cancel_fetch: { HostServices.cancelFetch($0, $1) },
        enter: { PluginCall.enter($0) }))
  }

  /// Registers the loops of a gateway; nil where there are too many. Call it before plugins are opened.
  public func register(_ loops: [any EventLoop], _ gateway: GatewayServices) -> [LoopServices]? {
    // Under the lock: of two gateways that register at once, the later count must be the one that stays.
    registering.withLock {
      let registered = loops.compactMap { LoopRegistry.shared.register($0, gateway) }
      guard registered.count == loops.count else { return nil }
      gw_store_loop_count(table, UInt32(LoopRegistry.shared.count))
      return registered
    }
  }
}
