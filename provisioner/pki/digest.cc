#include "provisioner/pki/digest.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "provisioner/pki/hex.h"
#include "provisioner/pki/openssl.h"

namespace muster {

namespace {

class Sha256 {
 public:
  Sha256() : context_(required(EVP_MD_CTX_new(), "hash")) {
    require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "hash");
  }
  void update(std::string_view bytes) {
    require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "hash");
  }
  std::string finish() {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                               &size) == 1,
            "hash");
    digest.resize(size);
    return to_hex(digest);
  }

 private:
  DigestPtr context_;
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string sha256_of_file(const std::filesystem::path& path) {
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
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.update({buffer.data(), static_cast<std::size_t>(file.gcount())});
  } while (file);
  if (file.bad()) throw failed(std::strerror(errno));
  return hash.finish();
}

}  // namespace muster
