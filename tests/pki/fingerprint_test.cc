#include "provisioner/pki/fingerprint.h"

#include <doctest/doctest.h>

using namespace muster;

TEST_CASE("fingerprint: of the public key in a certificate") {
  constexpr const char* kCertificate =
      "-----BEGIN CERTIFICATE-----\n"
      "MIIBcjCCARigAwIBAgITCpKR+uQkpYoVFuEheTXpuguuYDAKBggqhkjOPQQDAjAO\n"
      "MQwwCgYDVQQDDANibWMwIBcNMjYxMTI3MDAwMjA4WhgPMjEyNjExMDMwMDAyMDha\n"
      "MA4xDDAKBgNVBAMMA2JtYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHKkuYir\n"
      "XtWEjzTXpPVkYLzPUxuXmiF1iFAtZVB3hg3SXhq/e317fC3GxrWDJZpfyREhm0t9\n"
      "6gWmwZzIREzOAq2jUzBRMB0GA1UdDgQWBBQhINcFSpidTsVzuq4D/NlBMLqG6TAf\n"
      "BgNVHSMEGDAWgBQhINcFSpidTsVzuq4D/NlBMLqG6TAPBgNVHRMBAf8EBTADAQH/\n"
      "MAoGCCqGSM49BAMCA0gAMEUCIBo558gCteIk7CtkLLFOufIynf/0HXmZVKbCPGhy\n"
      "qKq5AiEAuKcRcNyNgQ3I8vWp6PItbCu7k7xuiu5IZGeqV7z7OGs=\n"
      "-----END CERTIFICATE-----\n";
  CHECK(public_key_fingerprint(kCertificate) ==
        "SHA256:hGFHXHK/GeEw7L7Qt50LdIx89tXaBYa8rZzctCuRioE");
}

TEST_CASE("fingerprint: of what is no certificate, none") {
  CHECK(public_key_fingerprint("") == "");
  CHECK(public_key_fingerprint("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") ==
        "");
}
