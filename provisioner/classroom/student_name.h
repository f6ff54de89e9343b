#pragma once

#include <string>
#include <string_view>

namespace muster {

/// A person's name as names of clusters can have it.
struct FoldedName {
  std::string label;     ///< "ann-marie-o-neil"; empty when nothing of the name is left
  std::string stranger;  ///< the first letter that is no Latin one, as in the name; mostly empty
};

/// "Ann-Marie O'Neil" is "ann-marie-o-neil". Latin letters lose their accents or are written as
/// passports do (ICAO 9303: "Jürgen Bråten" is "juergen-braaten"); all else is a '-'. `name` is
/// well formed UTF-8. The label may be longer than a DNS label.
FoldedName fold_name(std::string_view name);

}  // namespace muster
