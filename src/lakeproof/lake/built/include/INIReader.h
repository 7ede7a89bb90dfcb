// A reader of INI files with the interface that XRootD's plug-ins expect of "INIReader.h".
//
// The source distribution of XRootD on PyPI leaves out its folder `vendor/`, and the inih of Debian 12
// is too old: it has neither Sections() nor members that a derived class may use. What XRootD relies on:
//
//   [section]          sections and names do not differ by case when a value is looked up
//   name = value       or "name: value"; the first of the two signs separates
//     more             an indented line is handed on as one more value of the same name
//   ; or # comment     a line of its own; after a value only ";", and only after white space
//
// Parsing goes on after a faulty line; its number is the result. A reader keeps all values of a name,
// one a line; XRootD's derived reader keeps the last one.
#ifndef LAKEPROOF_INIREADER_H
#define LAKEPROOF_INIREADER_H

#include <stdio.h>   // getline is POSIX, not C++
#include <stdlib.h>

#include <cctype>
#include <map>
#include <memory>
#include <set>
#include <string>

// Called for each value; 0 means that the value is refused.
using ini_handler = int (*)(void *user, const char *section, const char *name, const char *value);

namespace lakeproof_ini {

inline bool blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

inline std::string trimmed(const std::string &text) {
    std::string::size_type first = 0, last = text.size();
    while (first < last && blank(text[first])) ++first;
    while (last > first && blank(text[last - 1])) --last;
    return text.substr(first, last - first);
}

// The text up to a ";" that follows white space, or begins it.
inline std::string uncommented(const std::string &text) {
    for (std::string::size_type at = 0; at < text.size(); ++at)
        if (text[at] == ';' && (at == 0 || blank(text[at - 1]))) return trimmed(text.substr(0, at));
    return trimmed(text);
}

inline std::string lowered(std::string text) {
    for (char &c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

class Parser {
public:
    Parser(ini_handler handler, void *user) : handler_(handler), user_(user) {}

    // Whether the line, without its end, was understood and its value taken.
    bool take(const std::string &line) {
        const std::string text = trimmed(line);
        if (text.empty() || text[0] == ';' || text[0] == '#') return true;
        if (blank(line[0]) && !name_.empty()) return hand_on(uncommented(text));
        if (text[0] == '[') return begin_section(text);
        const auto sign = text.find_first_of("=:");
        if (sign == std::string::npos) return false;
        name_ = trimmed(text.substr(0, sign));
        return hand_on(uncommented(text.substr(sign + 1)));
    }

private:
    bool begin_section(const std::string &text) {
        const auto end = text.find(']');
        if (end == std::string::npos) return false;
        section_ = text.substr(1, end - 1);
        name_.clear();
        return true;
    }

    bool hand_on(const std::string &value) const {
        return handler_(user_, section_.c_str(), name_.c_str(), value.c_str()) != 0;
    }

    ini_handler handler_;
    void *user_;
    std::string section_, name_;
};

}  // namespace lakeproof_ini

// 0, or the number of the first line that was not understood. Lines may have any length.
inline int ini_parse_file(FILE *file, ini_handler handler, void *user) {
    lakeproof_ini::Parser parser(handler, user);
    char *buffer = nullptr;
    size_t room = 0;
    int number = 0, faulty = 0;
    for (ssize_t length; (length = getline(&buffer, &room, file)) >= 0;) {
        std::string line(buffer, static_cast<size_t>(length));
        if (++number == 1 && line.compare(0, 3, "\xEF\xBB\xBF") == 0) line.erase(0, 3);
        if (!parser.take(line) && faulty == 0) faulty = number;
    }
    free(buffer);
    return faulty;
}

// As above; -1 for a file that cannot be opened, with the reason in errno.
inline int ini_parse(const char *filename, ini_handler handler, void *user) {
    const std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(filename, "r"), fclose);
    return file ? ini_parse_file(file.get(), handler, user) : -1;
}

class INIReader {
public:
    INIReader() = default;
    explicit INIReader(const std::string &filename)
        : _error(ini_parse(filename.c_str(), ValueHandler, this)) {}
    explicit INIReader(FILE *file) : _error(ini_parse_file(file, ValueHandler, this)) {}

    // 0, -1 for a file that cannot be opened, or the number of the first faulty line.
    int ParseError() const { return _error; }

    // The sections that have a value, as they are spelled.
    const std::set<std::string> &Sections() const { return _sections; }

    std::string Get(const std::string &section, const std::string &name,
                    const std::string &otherwise) const {
        const auto found = _values.find(MakeKey(section, name));
        return found == _values.end() ? otherwise : found->second;
    }

    // Decimal, 0x hexadecimal or 0 octal; `otherwise` when it does not begin with a number.
    long GetInteger(const std::string &section, const std::string &name, long otherwise) const {
        const std::string text = Get(section, name, "");
        char *end = nullptr;
        const long number = strtol(text.c_str(), &end, 0);
        return end == text.c_str() ? otherwise : number;
    }

    bool GetBoolean(const std::string &section, const std::string &name, bool otherwise) const {
        const std::string text = lakeproof_ini::lowered(Get(section, name, ""));
        if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
        if (text == "false" || text == "no" || text == "off" || text == "0") return false;
        return otherwise;
    }

protected:
    static std::string MakeKey(const std::string &section, const std::string &name) {
        return lakeproof_ini::lowered(section + "=" + name);
    }

    static int ValueHandler(void *user, const char *section, const char *name, const char *value) {
        auto *reader = static_cast<INIReader *>(user);
        std::string &all = reader->_values[MakeKey(section, name)];
        all += all.empty() ? value : std::string("\n") + value;
        reader->_sections.insert(section);
        return 1;
    }

    // In this order: parsing, which gives the first one its value, fills the other two.
    std::map<std::string, std::string> _values;
    std::set<std::string> _sections;
    int _error = 0;
};

#endif
