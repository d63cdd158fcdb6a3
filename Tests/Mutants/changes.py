"""The small changes that are made to Swift source, each as edits of its text that ask at run time which mutant runs."""

import re

COMPARISONS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
CONNECTIVES = {"&&": ("||", "LogicalConjunctionPrecedence"), "||": ("&&", "LogicalDisjunctionPrecedence")}
OTHER = COMPARISONS | {each: other for each, (other, _) in CONNECTIVES.items()} | {"-": "+", "min": "max", "max": "min"}

OPERATOR = re.compile(r"(?<=\s)(==|!=|<=|>=|<|>|&&|\|\||-)(?= )")
EXTREME = re.compile(r"(?<![.\w])(min|max)(?=\()")
BOOLEAN = re.compile(r"(?<![.\w])(true|false)(?!\w)")
CONSTANT = re.compile(r"(?:(?<=[ (\[])|(?<=\.\.\.)|(?<=\.\.<))(\d[\d_]*(?:\.\d+)?)(?=[,)\s\]]|\.\.)")
SIGNATURE = re.compile(
    r"^ *(?:(?:package|private|fileprivate|static|mutating|@\w+) )*(?:func\b|init\b|subscript\b)[^\n(]*\(", re.MULTILINE
)
TYPE = re.compile(
    r"^ *(?:(?:package|private|fileprivate|indirect) )*(?:extension|struct|enum|protocol|infix)\b[^\n]*", re.MULTILINE
)
BODY = re.compile(r"[^{}]*?(?=\{|\n\n|\n *\}|\n *(?:package |mutating |static )*(?:func|var)\b)")
# What a condition ends with.
ENDS = {"guard": "else", "where": "{:", "if": "{", "while": "{"}
CONDITION = re.compile(r"\b(if|guard|while|where)\s")
STATEMENT = re.compile(r"(?:_ = )?(?:try )?[a-z]\w*(?:\??\.\w+|\[[^\]\n]*\])*(?:\(|\??\.\w+ \{| (?:[-+|] ?)?=\s).*")
KEYWORD = re.compile(
    r"(?:precondition|preconditionFailure|return|throw|guard|if|for|switch|case|let|var|while|func|init|default"
    r"|package|private|fileprivate|static|mutating)\b"
)


class Change:
    """One change. `edits` are (from, to, text); in `text`, § is the mutant's number."""

    def __init__(self, line, what, edits, last=None, operator=None):
        self.line = line
        self.last = last or line
        self.what = what
        self.edits = edits
        self.operator = operator


def changes(source):
    """All changes of a file, in the order of their places."""
    code = masked(source)
    found = [*operators(code), *clauses(code), *statements(code, source)]
    return sorted(found, key=lambda each: (each.line, each.edits[0][0], each.what))


def changed(source, chosen):
    """The source with these changes in it: pairs of a number and a change. Lines keep their numbers."""
    edits = []
    for number, change in chosen:
        for order, (start, end, text) in enumerate(change.edits):
            # What wraps more comes before what wraps less at the beginning, and behind it at the end.
            width = change.edits[-1][1] - change.edits[0][0]
            asked = name(number) if change.operator else str(number)
            edits.append((start, width if order else -width, end, text.replace("§", asked)))
    written, at = [], 0
    for start, _, end, text in sorted(edits):
        written += [source[at:start], text]
        at = end
    return "".join(written) + source[at:]


def operators(code):
    for pattern in (OPERATOR, EXTREME):
        for found in pattern.finditer(code):
            what = f"{found[1]} becomes {OTHER[found[1]]}"
            if pattern is EXTREME:
                # The bracket goes with it.
                edits = [(found.start(), found.end() + 1, f"Mutant.{found[1]}(§, ")]
                yield Change(line_of(code, found.start()), what, edits)
            else:
                # Tuples that end in an id are never equal, and sorted alike by either.
                if re.match(r" \(.*,.*\)", code[found.end() :]) and code[: found.start()].rstrip().endswith(")"):
                    continue
                edits = [(found.start(), found.end(), "§")]
                yield Change(line_of(code, found.start()), what, edits, operator=found[1])
    for found in BOOLEAN.finditer(code):
        if not is_pattern(code, found.start()):
            other = "false" if found[1] == "true" else "true"
            yield wrapped(code, found.start(), found.end(), "negate", f"{found[1]} becomes {other}")
    for found in CONSTANT.finditer(code):
        if not is_pattern(code, found.start()):
            yield wrapped(code, found.start(), found.end(), "increase", f"{found[1]} becomes one more")


def clauses(code):
    """Each condition among several that is no comparison: it is negated."""
    for found in CONDITION.finditer(code):
        for start, end in split(code, found.end(), ENDS[found[1]]):
            clause = code[start:end]
            if re.search(r"\b(let|case|var|try|await)\b|^\s*$", clause) or OPERATOR.search(clause):
                continue
            start += len(clause) - len(clause.lstrip())
            end -= len(clause) - len(clause.rstrip())
            yield wrapped(code, start, end, "negate", f"{' '.join(clause.split())} is negated")


def statements(code, source):
    lines, written = code.split("\n"), source.split("\n")
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    for number, line in enumerate(lines):
        text = line.strip()
        if not STATEMENT.fullmatch(text) or KEYWORD.match(text):
            continue
        count = length(lines[number:])
        if not stands_alone(lines, number, number + count) or is_needed(lines, written, number, number + count):
            continue
        start = offsets[number] + len(line) - len(line.lstrip())
        end = offsets[number + count - 1] + len(lines[number + count - 1].rstrip())
        edits = [(start, start, "if !Mutant.runs(§) { "), (end, end, " }")]
        yield Change(number + 1, "is left out", edits, last=number + count)


def wrapped(code, start, end, function, what):
    return Change(line_of(code, start), what, [(start, start, f"Mutant.{function}(§, "), (end, end, ")")])


def masked(source):
    """The source with comments, strings and declarations blanked: nothing in them is changed."""
    code = re.sub(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*', blanked, source)
    parts, at = [], 0
    for found in SIGNATURE.finditer(code):
        if found.start() < at:
            continue
        end = closed(code, found.end() - 1)
        rest = BODY.match(code, end)
        end = rest.end() if rest else end
        parts += [code[at : found.start()], re.sub(r"[^\n]", " ", code[found.start() : end])]
        at = end
    return TYPE.sub(blanked, "".join(parts) + code[at:])


def blanked(found):
    quote = '"' if found[0].startswith('"') else ""
    return quote + " " * (len(found[0]) - 2 * len(quote)) + quote


def closed(code, start):
    """Behind the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] in "([{") - (code[at] in ")]}")
        if depth == 0:
            return at + 1
    return len(code)


def split(code, start, until):
    """(from, to) of each clause of a condition."""
    depth, at = 0, start
    while at < len(code):
        character = code[at]
        if depth == 0 and (re.match(r"\selse\b", code[at:]) if until == "else" else character in until):
            yield start, at
            return
        if depth == 0 and character == ",":
            yield start, at
            start = at + 1
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return
        at += 1


def length(lines):
    """How many lines a statement has: until its brackets are closed."""
    depth = 0
    for count, line in enumerate(lines, 1):
        depth += sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")
        if depth <= 0:
            following = lines[count].strip() if count < len(lines) else ""
            goes_on = following.startswith((".", "&&", "||", "?", "+", "-"))
            if not goes_on and not line.rstrip().endswith(("=", "&&", "||")):
                return count
    return len(lines)


def stands_alone(lines, first, end):
    before = next((each.strip() for each in reversed(lines[:first]) if each.strip()), "")
    after = next((each.strip() for each in lines[end:] if each.strip()), "")
    # What a closure gives is not left out.
    if before.endswith(" in") and after.startswith("}"):
        return False
    depth = sum(lines[end - 1].count(each) for each in "([{") - sum(lines[end - 1].count(each) for each in ")]}")
    if end == first + 1 and depth:
        return False
    return not before.endswith(("(", ",", "[", "=", "return", ":", "&&", "||"))


def is_needed(lines, written, first, end):
    """Whether it gives a property its first value, or is all that a function gives."""
    opening = header(written, first)
    is_assignment = re.match(r"(_ = |[^(]*? [-+|]?= )", lines[first].strip()) is not None
    if re.search(r"\binit\b.*\(", opening):
        return is_assignment or lines[first].strip().startswith("self.init(")
    constants = re.findall(r"^ *let (\w+): [^=\n]+$", "\n".join(lines), re.MULTILINE)
    if re.match(rf"(?:{'|'.join(constants) or '-'}) = ", lines[first].strip()):
        return True
    before, after = lines[first - 1].strip(), next((each.strip() for each in lines[end:] if each.strip()), "")
    gives = "->" in opening or re.search(r"\bvar \w+: .*\{$|\bget \{$", opening) is not None
    return gives and not is_assignment and before.endswith("{") and after.startswith("}")


def header(lines, number):
    """What opens the block that a line is in, in one line."""
    indent = len(lines[number]) - len(lines[number].lstrip())
    opening = []
    for line in reversed(lines[:number]):
        own = len(line) - len(line.lstrip())
        if not line.strip() or own > indent or (own == indent and not opening):
            continue
        opening.insert(0, line.strip())
        indent = own
        # A signature of several lines closes where it began.
        if not line.strip().startswith(")"):
            break
    return " ".join(opening)


def is_pattern(code, at):
    """Whether this is what a value is compared with by `case`."""
    line = code[code.rfind("\n", 0, at) + 1 : at]
    return re.search(r"\bcase\b[^:=]*(\([^)]*)?$", line) is not None


def line_of(code, at):
    return code.count("\n", 0, at) + 1


def name(number):
    """An operator of its own for each mutant of one."""
    digits = ""
    while number:
        number, digit = divmod(number, 3)
        digits += "~%+"[digit]
    return "^^" + digits + "^"


def declaration(number, original):
    """The operator that is `original` until its mutant runs."""
    symbol = name(number)
    if original in CONNECTIVES:
        other, precedence = CONNECTIVES[original]
        return (
            f"infix operator {symbol}: {precedence}\n"
            f"func {symbol} (left: Bool, right: @autoclosure () throws -> Bool) rethrows -> Bool {{\n"
            f"    Mutant.runs({number}) ? try left {other} right() : try left {original} right()\n}}\n"
        )
    other = OTHER[original]
    if original == "-":
        return (
            f"infix operator {symbol}: AdditionPrecedence\n"
            f"func {symbol} <T: Numeric>(left: T, right: T) -> T {{\n"
            f"    Mutant.runs({number}) ? left {other} right : left - right\n}}\n"
        )
    declared = f"infix operator {symbol}: ComparisonPrecedence\n"
    kinds = [("<T: Equatable>", "T, right: T"), ("<T>", "T?, right: _OptionalNilComparisonType")]
    for generic, operands in kinds if original in ("==", "!=") else [("<T: Comparable>", "T, right: T")]:
        declared += (
            f"func {symbol} {generic}(left: {operands}) -> Bool {{\n"
            f"    Mutant.runs({number}) ? left {other} right : left {original} right\n}}\n"
        )
    return declared
