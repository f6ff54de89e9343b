#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "provisioner/tasks/compile.h"

namespace muster {

/// How a file's bytes are on their way to a node.
enum class WireForm { raw, gzip, zstd };

/// Also the name of the program that makes and opens it; "raw" for as it is.
std::string to_string(WireForm form);

/// What the scripts below work on. They keep what came of a file that was cut as
/// <store>/<sha256>.<form>.part, and write to files that are the owner's alone, so that two runs
/// never write to one file, with or without locks.
struct StorePlace {
  std::string store = kNodeStore;
  std::string sha256;
  std::string run;    ///< letters and digits; owners of the same run begin with it
  int attempt = 0;    ///< makes the owner: one for each script of a run about this file
  int patience = 60;  ///< seconds that another run's upload may take before ours begins as well
  int stalled = 5;    ///< seconds without a new byte after which an upload counts as dead
};

/// The beginning of a file that a node has, in the form that it came in.
struct StoredPart {
  std::uint64_t size = 0;
  std::string sha256;
};

/// What a node says when asked for a file.
struct StoreAnswer {
  bool has = false;                 ///< whole; its sha256 was checked when it came, or just now
  bool damaged = false;             ///< it was there with another content, and was removed
  std::uint64_t free = UINT64_MAX;  ///< bytes on the store's disk, where the node can tell
  std::map<WireForm, StoredPart> parts;
  std::set<std::string> tools;  ///< of gzip, zstd, curl, wget
};

/// For stdin of "sh": waits for other runs' uploads of the file, sees whether the file is there
/// and as it was when it was checked, and takes over what dead uploads have left.
std::string ask_store_script(const StorePlace& place, const std::string& nonce);

/// Throws Error when the answer has no end.
StoreAnswer parse_store_answer(std::string_view answer, const std::string& nonce);

/// One upload. `total` and `offset` count bytes in that form.
struct Receive {
  StorePlace place;
  WireForm form = WireForm::raw;
  std::uint64_t total = 0;
  std::uint64_t offset = 0;  ///< what the node has already; 0: begin anew
};

/// The exit codes of a script that receives.
inline constexpr int kReceivedCut = 74;    ///< stdin ended early; what came is kept
inline constexpr int kReceivedWrong = 76;  ///< whole, and with another sha256; removed
inline constexpr int kReceiveAgain = 77;   ///< another run has taken the part: ask anew

/// Takes the bytes from `offset` on from stdin; hashes raw ones while they are written.
std::string receive_script(const Receive& receive);

/// For stdin of "sh": the node downloads the file. `url` must be http or https; `seconds` for all
/// of it. Exits with 0, kReceivedWrong, or another code and words on stderr.
std::string fetch_script(const StorePlace& place, const std::string& url, int seconds);

/// A command that runs `script` with `shell`, where its text and then its input come on stdin: so
/// that it is in no list of processes, and no login shell has to read it.
std::string from_stdin(const std::string& shell, const std::string& script);

}  // namespace muster
