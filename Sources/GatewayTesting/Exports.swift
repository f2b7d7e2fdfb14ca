@_exported import struct Gateway.EnvironmentChanges
