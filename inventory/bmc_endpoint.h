#pragma once

#include <string>

namespace muster {

/// How a host's BMC (the small computer that holds its power switch) is reached, and what of it
/// muster may use without being told each time. Holds no secret, only where it is.
struct BmcEndpoint {
  enum class Kind { redfish, ipmi };
  enum class BootMode { as_is, uefi, bios };

  Kind kind = Kind::redfish;
  std::string address;
  int port = 443;
  std::string user;
  std::string password_file;             ///< a full path; empty: password_env is set
  std::string password_env;              ///< a variable of muster's environment
  BootMode boot_mode = BootMode::as_is;  ///< of a boot from the network

  // Redfish.
  std::string system;       ///< its id; empty: the BMC has only one
  std::string fingerprint;  ///< "SHA256:..." of the public key that it must show
  std::string ca_file;      ///< who must have signed its certificate; empty: this machine's CAs
  bool insecure = false;    ///< whatever it shows is taken

  int cipher_suite = -1;  ///< IPMI; -1: the program chooses

  bool wake = false;         ///< a node that is created switches it on
  bool release_off = false;  ///< a node that is destroyed switches it off

  bool operator==(const BmcEndpoint&) const = default;
};

inline const char* to_string(BmcEndpoint::Kind kind) {
  return kind == BmcEndpoint::Kind::redfish ? "redfish" : "ipmi";
}

}  // namespace muster
