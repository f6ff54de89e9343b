#include "provisioner/base/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/base/hex.h"

namespace muster {

namespace {

/// It fails for want of memory, or where OpenSSL has no SHA-256.
void require(bool done) {
  if (!done) throw Error("OpenSSL cannot hash");
}

}  // namespace

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  require(context_->digest &&
          EVP_DigestInit_ex(context_->digest.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  require(EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  require(EVP_DigestFinal_ex(context_->digest.get(),
                             reinterpret_cast<unsigned char*>(digest.data()), &size) == 1);
  digest.resize(size);
  return to_hex(digest);
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string sha256_of_file(const std::filesystem::path& path, std::uint64_t bytes) {
  auto failed = [&](const char* why) {
    return Error("cannot read '" + path.string() + "': " + why);
  };
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
    throw failed("it is a directory");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw failed(std::strerror(errno));
  Sha256 hash;
  std::vector<char> buffer(1 << 18);
  do {
    auto wanted = std::min<std::uint64_t>(buffer.size(), bytes);
    file.read(buffer.data(), static_cast<std::streamsize>(wanted));
    hash.update({buffer.data(), static_cast<std::size_t>(file.gcount())});
    bytes -= static_cast<std::uint64_t>(file.gcount());
  } while (file && bytes > 0);
  if (file.bad()) throw failed(std::strerror(errno));
  return hash.finish();
}

}  // namespace muster
