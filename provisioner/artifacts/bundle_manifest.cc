#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "provisioner/artifacts/bundle.h"
#include "provisioner/artifacts/bundle_format.h"
#include "provisioner/artifacts/catalog.h"
#include "provisioner/base/error.h"

namespace muster {

namespace {

constexpr int kFormat = 1;

Error wrong(const std::string& what) {
  return Error("the bundle's manifest.json is wrong: " + what, ExitCode::usage);
}

/// A part of a file's name in the cache: it must not lead out of its folder.
bool is_plain_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text[0] != '.' && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("._+-").find(c) != std::string_view::npos;
         });
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string kind_name(BundleFile::Kind kind) {
  switch (kind) {
    case BundleFile::Kind::artifact:
      return "artifact";
    case BundleFile::Kind::node_image:
      return "node-image";
    case BundleFile::Kind::packages:
      return "packages";
  }
  bug("a file of a bundle without a kind");
}

BundleFile parse_file(const nlohmann::json& value) {
  BundleFile file;
  value.at("name").get_to(file.name);
  value.at("bytes").get_to(file.bytes);
  value.at("sha256").get_to(file.sha256);
  value.at("origin").get_to(file.origin);
  const auto path = value.at("path").get<std::string>();
  const auto kind = value.at("kind").get<std::string>();
  bool good = is_plain_name(file.name);
  if (kind == "artifact") {
    value.at("version").get_to(file.version);
    value.at("arch").get_to(file.arch);
    good = good && is_plain_name(file.version) && is_plain_name(file.arch);
  } else if (kind == "node-image") {
    file.kind = BundleFile::Kind::node_image;
  } else if (kind == "packages") {
    file.kind = BundleFile::Kind::packages;
    value.at("arch").get_to(file.arch);
    value.at("contents").get_to(file.contents);
    good = good && is_plain_name(file.arch);
  } else {
    throw wrong("'" + path + "' is of the unknown kind '" + kind + "'");
  }
  if (!good || path != file.path() || path.size() > 100) {
    throw wrong("'" + path + "' is no path that a file may have");
  }
  if (!is_sha256(file.sha256) || file.bytes > kLargestFile) {
    throw wrong("'" + path + "' has no right size and sha256");
  }
  return file;
}

}  // namespace

std::string BundleFile::path() const {
  if (kind == Kind::node_image) return "images/" + name + ".tar";
  if (kind == Kind::packages) return "packages/" + name + "-" + arch + ".tar";
  return "artifacts/" + ArtifactKey{name, version, arch}.text();
}

BundleManifest parse_bundle_manifest(const std::string& json) try {
  const auto value = nlohmann::json::parse(json);
  BundleManifest manifest;
  value.at("muster").get_to(manifest.muster);
  if (const auto format = value.at("format").get<int>(); format != kFormat) {
    throw Error("the bundle has format " + std::to_string(format) + ", and this muster reads " +
                    std::to_string(kFormat),
                ExitCode::usage)
        .hint("use the muster that made it, version '" + manifest.muster + "'");
  }
  value.at("definitions").get_to(manifest.definitions);
  for (const auto& file : value.at("files")) manifest.files.push_back(parse_file(file));
  // "Less" in this order, so none is there twice.
  auto sorted = [](const auto& a, const auto& b) { return a.path() >= b.path(); };
  if (std::ranges::adjacent_find(manifest.files, sorted) != manifest.files.end()) {
    throw wrong("its files are not in order");
  }
  return manifest;
} catch (const nlohmann::json::exception& problem) {
  throw wrong(problem.what());
}

std::string bundle_manifest_json(const BundleManifest& manifest) {
  auto files = nlohmann::ordered_json::array();
  for (const auto& file : manifest.files) {
    nlohmann::ordered_json entry{
        {"path", file.path()}, {"kind", kind_name(file.kind)}, {"name", file.name}};
    if (file.kind == BundleFile::Kind::artifact) entry["version"] = file.version;
    if (file.kind != BundleFile::Kind::node_image) entry["arch"] = file.arch;
    entry.update({{"bytes", file.bytes}, {"sha256", file.sha256}, {"origin", file.origin}});
    if (file.kind == BundleFile::Kind::packages) entry["contents"] = file.contents;
    files.push_back(std::move(entry));
  }
  nlohmann::ordered_json all{{"format", kFormat},
                             {"muster", manifest.muster},
                             {"definitions", manifest.definitions},
                             {"files", std::move(files)}};
  return all.dump(2) + "\n";
}

std::string tar_header(std::string_view path, std::uint64_t bytes) {
  std::string header(kTarBlock, '\0');
  auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, path);
  put(100, "0000644");
  put(108, "0000000");  // owner and group
  put(116, "0000000");
  char size[24];
  std::snprintf(size, sizeof size, "%011llo", static_cast<unsigned long long>(bytes));
  put(124, size);
  put(136, "00000000000");  // its time
  put(148, "        ");     // stands for the checksum while that is counted
  put(156, "0");            // a plain file
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned int sum = 0;
  for (char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(size, sizeof size, "%06o", sum);
  put(148, std::string_view(size, 7));
  return header;
}

}  // namespace muster
