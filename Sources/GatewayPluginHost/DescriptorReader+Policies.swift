import CGatewayPlugin

/// Policies of a descriptor, since contract 1.2.
extension DescriptorReader {
  mutating func policies(_ descriptor: UnsafePointer<gw_plugin>) -> [PluginPolicy] {
    let policies = structures(
      descriptor.pointee.policies, descriptor.pointee.policy_count, "policies", limit: Limit.policies
    ) { reader, pointer, field in reader.policy(pointer, field, descriptor) }
    checkUnique(policies.map { ($0.field, $0.value.name) })
    return policies.map(\.value)
  }

  private mutating func policy(
    _ pointer: UnsafePointer<gw_policy>, _ field: String, _ plugin: UnsafePointer<gw_plugin>
  ) -> PluginPolicy? {
    guard isStructure(pointer, field, Size.policy) else { return nil }
    let name = text(pointer, \.name, "\(field).name")
    let field = name.map { "\(field) (\($0))" } ?? field
    let execution = execution(pointer.pointee.execution, field)
    let schema = bytes(pointer.pointee.config_schema, "\(field).config_schema")
    let policy = pointer.pointee
    let requestBody = bodyMode(policy.request_body, "\(field).request_body", policy.request, policy.request_part)
    let responseBody = bodyMode(policy.response_body, "\(field).response_body", policy.response, policy.response_part)
    if policy.make != nil, policy.release_value == nil {
      invalid("\(field).release_value", found: "NULL", expected: "a pointer, as there is `make`")
    }
    if policy.request == nil, policy.response == nil, policy.request_part == nil, policy.response_part == nil {
      invalid(field, found: "no function", expected: "at least one of request, response, request_part, response_part")
    }
    guard let name, let execution, let schema, let requestBody, let responseBody else { return nil }

    func function(
      _ function: gw_function?, _ answer: PluginFunction.Answer, _ execution: PluginExecution
    ) -> PluginFunction? {
      guard let function else { return nil }
      return PluginFunction(
        invoke: function, context: pointer.pointee.context, execution: gw_execution(execution.rawValue), answer: answer,
        plugin: plugin, label: "\(self.name).\(name)")
    }
    return PluginPolicy(
      name: name, execution: execution, configSchema: schema, requestBody: requestBody, responseBody: responseBody,
      request: function(policy.request, .policyRequest(givesBody: requestBody == .buffered), execution),
      response: function(policy.response, .policyResponse(givesBody: responseBody == .buffered), execution),
      requestPart: function(policy.request_part, .part, execution),
      responsePart: function(policy.response_part, .part, execution), make: function(policy.make, .value, .async),
      pointer: PermanentPointer(pointer))
  }

  private mutating func bodyMode(
    _ value: UInt32, _ field: String, _ head: gw_function?, _ part: gw_function?
  ) -> PolicyBodyMode? {
    guard let mode = PolicyBodyMode(rawValue: value) else {
      invalid(field, found: "\(value)", expected: "a gw_body_mode, 0 to 2")
      return nil
    }
    // A mode without its function would read bodies for nobody, a function without its mode would never be called.
    if (mode == .parts) != (part != nil) {
      invalid(
        field, found: part == nil ? "GW_BODY_PARTS without a part function" : "a part function without GW_BODY_PARTS",
        expected: "both or neither")
    }
    if mode == .buffered, head == nil {
      invalid(field, found: "GW_BODY_BUFFERED without a function that is shown the body", expected: "both or neither")
    }
    return mode
  }
}
