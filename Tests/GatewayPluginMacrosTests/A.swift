import Testing
import SwiftSyntaxMacrosGenericTestSupport
@Test func a() {}
