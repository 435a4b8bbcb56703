//! A strict stand-in for AWS: Bedrock runtime and control plane, scripted faults
