#include "provisioner/pki/certificate.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace muster {

namespace {

constexpr const char* kIssuing = "issue a certificate";

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

BioPtr bio_of(const std::string& text) {
  return BioPtr(required(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "read PEM"));
}

BioPtr memory_bio() { return BioPtr(required(BIO_new(BIO_s_mem()), "write PEM")); }

void add_entry(X509_NAME* name, const char* field, const std::string& value) {
  // With the type given, not MBSTRING_UTF8: that one refuses more than 64 letters, and
  // "system:node:" with a node's name can be longer.
  require(X509_NAME_add_entry_by_txt(name, field, V_ASN1_UTF8STRING,
                                     reinterpret_cast<const unsigned char*>(value.data()),
                                     static_cast<int>(value.size()), -1, 0) == 1,
          "put '" + value + "' into a certificate");
}

NamePtr san_of(const std::string& san) {
  std::array<unsigned char, 16> address{};
  int type = GEN_DNS;
  std::string_view value = san;
  if (::inet_pton(AF_INET, san.c_str(), address.data()) == 1) {
    type = GEN_IPADD;
    value = {reinterpret_cast<char*>(address.data()), 4};
  } else if (::inet_pton(AF_INET6, san.c_str(), address.data()) == 1) {
    type = GEN_IPADD;
    value = {reinterpret_cast<char*>(address.data()), 16};
  }
  NamePtr name(required(GENERAL_NAME_new(), kIssuing));
  auto* text = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
  GENERAL_NAME_set0_value(name.get(), type, required(text, kIssuing));
  require(ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) == 1, kIssuing);
  return name;
}

void add_sans(X509* certificate, const std::vector<std::string>& sans) {
  if (sans.empty()) return;
  NamesPtr names(required(GENERAL_NAMES_new(), kIssuing));
  for (const auto& san : sorted(sans)) {
    auto name = san_of(san);
    require(sk_GENERAL_NAME_push(names.get(), name.get()) > 0, kIssuing);
    (void)name.release();  // the list owns it now
  }
  require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1, kIssuing);
}

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(required(X509V3_EXT_conf_nid(nullptr, &context, id, value), kIssuing));
  require(X509_add_ext(certificate, extension.get(), -1) == 1, kIssuing);
}

void add_extensions(X509* certificate, const Profile& profile, X509* issuer) {
  auto add = [&](int id, const char* value) { add_extension(certificate, issuer, id, value); };
  if (profile.authority) {
    add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add(NID_key_usage, "critical,keyCertSign,cRLSign");
    add(NID_subject_key_identifier, "hash");
    return;
  }
  add(NID_basic_constraints, "critical,CA:FALSE");
  add(NID_key_usage, "critical,digitalSignature");
  if (profile.server && profile.client) add(NID_ext_key_usage, "serverAuth,clientAuth");
  if (profile.server && !profile.client) add(NID_ext_key_usage, "serverAuth");
  if (!profile.server && profile.client) add(NID_ext_key_usage, "clientAuth");
  add(NID_subject_key_identifier, "hash");
  add(NID_authority_key_identifier, "keyid:always");
  add_sans(certificate, profile.sans);
}

void set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  require(RAND_bytes(bytes.data(), bytes.size()) == 1, "get random numbers");
  BignumPtr number(required(BN_bin2bn(bytes.data(), bytes.size(), nullptr), kIssuing));
  required(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)), kIssuing);
}

/// Everything of the certificate but serial, validity and signature.
CertificatePtr unsigned_certificate(const Profile& profile, EVP_PKEY* key, X509* issuer) {
  CertificatePtr certificate(required(X509_new(), kIssuing));
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1, kIssuing);
  require(X509_set_pubkey(certificate.get(), key) == 1, kIssuing);
  auto* subject = X509_get_subject_name(certificate.get());
  for (const auto& name : sorted(profile.organizations)) add_entry(subject, "O", name);
  add_entry(subject, "CN", profile.common_name);
  auto* signer = issuer != nullptr ? issuer : certificate.get();
  require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer)) == 1, kIssuing);
  add_extensions(certificate.get(), profile, signer);
  return certificate;
}

/// Byte for byte: X509_NAME_cmp takes "System:Masters" for "system:masters".
bool same_name(const X509_NAME* a, const X509_NAME* b) {
  auto der = [](const X509_NAME* name) {
    const unsigned char* bytes = nullptr;
    std::size_t size = 0;
    require(X509_NAME_get0_der(name, &bytes, &size) == 1, "read a certificate's names");
    return std::string_view(reinterpret_cast<const char*>(bytes), size);
  };
  return der(a) == der(b);
}

bool same_extensions(const X509* a, const X509* b) {
  if (X509_get_ext_count(a) != X509_get_ext_count(b)) return false;
  for (int i = 0; i < X509_get_ext_count(a); ++i) {
    auto* left = X509_get_ext(a, i);
    auto* right = X509_get_ext(b, i);
    if (OBJ_cmp(X509_EXTENSION_get_object(left), X509_EXTENSION_get_object(right)) != 0 ||
        X509_EXTENSION_get_critical(left) != X509_EXTENSION_get_critical(right) ||
        ASN1_STRING_cmp(X509_EXTENSION_get_data(left), X509_EXTENSION_get_data(right)) != 0) {
      return false;
    }
  }
  return true;
}

/// Seconds from `from` to `until`; a null is now.
std::chrono::seconds between(const ASN1_TIME* from, const ASN1_TIME* until) {
  int days = 0;
  int seconds = 0;
  require(ASN1_TIME_diff(&days, &seconds, from, until) == 1, "read a certificate's dates");
  return std::chrono::hours(24) * days + std::chrono::seconds(seconds);
}

}  // namespace

KeyPtr make_key() { return KeyPtr(required(EVP_EC_gen("P-256"), "make a key")); }

Secret key_to_pem(EVP_PKEY* key) {
  auto bio = memory_bio();
  require(PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr,
                                               nullptr) == 1,
          "write a key");
  return Secret(bio_text(bio.get()));
}

std::string public_key_to_pem(EVP_PKEY* key) {
  auto bio = memory_bio();
  require(PEM_write_bio_PUBKEY(bio.get(), key) == 1, "write a public key");
  return bio_text(bio.get());
}

std::string certificate_to_pem(X509* certificate) {
  auto bio = memory_bio();
  require(PEM_write_bio_X509(bio.get(), certificate) == 1, "write a certificate");
  return bio_text(bio.get());
}

KeyPtr key_from_pem(const std::string& pem) {
  // An empty passphrase, or OpenSSL asks the terminal for one.
  KeyPtr key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, nullptr, const_cast<char*>("")));
  ERR_clear_error();
  return key;
}

CertificatePtr certificate_from_pem(const std::string& pem) {
  CertificatePtr certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

CertificatePtr issue(const Profile& profile, EVP_PKEY* key, Validity validity, X509* issuer,
                     EVP_PKEY* issuer_key) {
  auto certificate = unsigned_certificate(profile, key, issuer);
  set_serial(certificate.get());
  required(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), validity.from), kIssuing);
  required(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), validity.until), kIssuing);
  auto* signing_key = issuer != nullptr ? issuer_key : key;
  require(X509_sign(certificate.get(), signing_key, EVP_sha256()) > 0, kIssuing);
  return certificate;
}

bool says_the_same(X509* certificate, const Profile& profile, EVP_PKEY* key, X509* issuer,
                   EVP_PKEY* issuer_key) {
  auto wanted = unsigned_certificate(profile, key, issuer);
  bool same = X509_check_private_key(certificate, key) == 1 &&
              same_name(X509_get_subject_name(certificate), X509_get_subject_name(wanted.get())) &&
              same_name(X509_get_issuer_name(certificate), X509_get_issuer_name(wanted.get())) &&
              same_extensions(certificate, wanted.get()) &&
              X509_verify(certificate, issuer != nullptr ? issuer_key : key) == 1;
  ERR_clear_error();
  return same;
}

std::chrono::seconds life_left(X509* certificate) {
  return between(nullptr, X509_get0_notAfter(certificate));
}

std::time_t end_of(X509* certificate) {
  std::tm when{};
  require(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) == 1,
          "read a certificate's dates");
  return ::timegm(&when);
}

std::string common_name_of(X509* certificate) {
  auto* subject = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  const auto* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string subject_of(X509* certificate) {
  auto bio = memory_bio();
  // Bytes that are no plain text come escaped.
  constexpr unsigned long kForm =
      XN_FLAG_SEP_COMMA_PLUS | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB | XN_FLAG_FN_SN;
  require(X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, kForm) >= 0,
          "read a certificate's names");
  return bio_text(bio.get());
}

std::string serial_of(X509* certificate) {
  BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* text = number ? BN_bn2hex(number.get()) : nullptr;
  std::string serial = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return serial;
}

bool has_life_left(X509* certificate) {
  auto life = between(X509_get0_notBefore(certificate), X509_get0_notAfter(certificate));
  return life_left(certificate) * 5 >= life;
}

}  // namespace muster
