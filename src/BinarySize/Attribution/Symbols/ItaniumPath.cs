using BinarySize.Mapping;

namespace BinarySize.Attribution.Symbols;

/// <summary>Finds the path in an Itanium name: it reads the name and steps over template arguments, and looks at no parameters.</summary>
internal ref struct ItaniumPath
{
    private const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> _s;
    private readonly SymbolPath _path;
    private int _at;
    private bool _failed;

    private ItaniumPath(ReadOnlySpan<byte> mangled, SymbolPath path)
    {
        _s = mangled;
        _path = path;
        _at = 2;
    }

    public static bool TryParse(ReadOnlySpan<byte> mangled, SymbolPath path)
    {
        var parser = new ItaniumPath(mangled, path);
        parser.Encoding(0);
        return path.Count > 0;
    }

    private readonly byte Peek(int ahead = 0) => _at + ahead < _s.Length ? _s[_at + ahead] : (byte)0;

    private static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9';

    private bool Take(byte c)
    {
        if (Peek() != c) return false;
        _at++;
        return true;
    }

    private void Encoding(int depth)
    {
        if (depth > MaxDepth) return;
        byte c = Peek(), d = Peek(1);
        if (c == 'T')
        {
            ReadOnlySpan<byte> what = d switch
            {
                (byte)'V' => "vtable"u8,
                (byte)'T' => "VTT"u8,
                (byte)'I' => "typeinfo"u8,
                (byte)'S' => "typeinfo name"u8,
                (byte)'C' => "construction vtable"u8,
                _ => default,
            };
            if (!what.IsEmpty)
            {
                _at += 2;
                while (Peek() is (byte)'P' or (byte)'K' or (byte)'V' or (byte)'R' or (byte)'O') _at++;
                if (Peek() is not ((byte)'N' or (byte)'Z' or (byte)'S') && !IsDigit(Peek())) return;
                Name(isType: true, depth);
                if (_path.Count > 0) _path.Add(OwnerKind.Member, what);
                return;
            }
            switch (d)
            {
                case (byte)'h' or (byte)'v':
                    _at++;
                    if (CallOffset()) Encoding(depth + 1);
                    return;
                case (byte)'c':
                    _at += 2;
                    if (CallOffset() && CallOffset()) Encoding(depth + 1);
                    return;
                case (byte)'H' or (byte)'W':
                    _at += 2;
                    Name(isType: false, depth);
                    return;
                default:
                    return;
            }
        }
        if (c == 'G')
        {
            if (d is (byte)'V' or (byte)'R')
            {
                _at += 2;
                Name(isType: false, depth);
            }
            else if (d is (byte)'A' or (byte)'T')
            {
                _at += d == 'A' ? 2 : 3;
                Encoding(depth + 1);
            }
            return;
        }
        Name(isType: false, depth);
    }

    private bool CallOffset()
    {
        byte kind = Peek();
        _at++;
        if (kind is not ((byte)'h' or (byte)'v')) return false;
        for (int numbers = kind == 'h' ? 1 : 2; numbers > 0; numbers--)
        {
            Take((byte)'n');
            while (IsDigit(Peek())) _at++;
            if (!Take((byte)'_')) return false;
        }
        return true;
    }

    private void Name(bool isType, int depth)
    {
        if (depth > MaxDepth) return;
        switch (Peek())
        {
            case (byte)'N':
                Nested(isType);
                return;
            case (byte)'Z':
                // What is inside a function belongs to the function.
                _at++;
                Encoding(depth + 1);
                return;
            case (byte)'S' when Peek(1) == 't':
                _at += 2;
                _path.Add(OwnerKind.Namespace, "std"u8);
                break;
            case (byte)'S':
                StandardClass();
                return;
        }
        int before = _path.Count;
        Component(out _);
        if (_path.Count == before) return;
        if (isType) _path.SetKind(_path.Count - 1, OwnerKind.Type);
        else _path.Complete();
    }

    // Sa, Ss, Si and the like; false for a reference to an earlier component, which a name cannot start with.
    private bool StandardClass()
    {
        ReadOnlySpan<byte> name = Peek(1) switch
        {
            (byte)'a' => "allocator"u8,
            (byte)'b' or (byte)'s' => "basic_string"u8,
            (byte)'i' => "basic_istream"u8,
            (byte)'o' => "basic_ostream"u8,
            (byte)'d' => "basic_iostream"u8,
            _ => default,
        };
        if (name.IsEmpty) return false;
        _at += 2;
        _path.Add(OwnerKind.Namespace, "std"u8);
        _path.Add(OwnerKind.Type, name);
        return true;
    }

    private void Nested(bool isType)
    {
        _at++;
        bool isMethod = false;
        while (Peek() is (byte)'r' or (byte)'V' or (byte)'K' or (byte)'R' or (byte)'O')
        {
            isMethod = true;
            _at++;
        }
        // The component that arguments, if any, have just been read for.
        while (!Take((byte)'E'))
        {
            byte c = Peek();
            if (c == 'S')
            {
                if (Peek(1) == 't')
                {
                    _at += 2;
                    _path.Add(OwnerKind.Namespace, "std"u8);
                }
                else if (!StandardClass()) return;
            }
            else if (c == 'I')
            {
                Arguments(0);
                // Where they cannot be stepped over, the name ends here for us.
                if (_failed) break;
                // A scope with arguments is a class; at the end it is a function, which is said below.
                _path.SetKind(_path.Count - 1, OwnerKind.Type);
            }
            else if (c == 'M') _at++;
            else
            {
                Component(out bool stop);
                if (stop || _failed || _path.IsComplete) break;
            }
        }
        if (_path.Count == 0 || _path.IsComplete) return;
        if (isType)
        {
            _path.SetKind(_path.Count - 1, OwnerKind.Type);
            return;
        }
        if (isMethod && _path.Count > 1) _path.SetKind(_path.Count - 2, OwnerKind.Type);
        _path.Complete();
    }

    private bool SourceName(out ReadOnlySpan<byte> name)
    {
        int length = 0;
        name = default;
        while (IsDigit(Peek()) && length < 100_000_000) length = length * 10 + (_s[_at++] - '0');
        if (length == 0 || length > _s.Length - _at)
        {
            _failed = true;
            return false;
        }
        name = _s.Slice(_at, length);
        _at += length;
        return true;
    }

    // One component of a name; "stop" where nothing behind it matters.
    private void Component(out bool stop)
    {
        stop = false;
        Take((byte)'L');
        byte c = Peek(), d = Peek(1);
        if (IsDigit(c))
        {
            if (!SourceName(out ReadOnlySpan<byte> name)) return;
            bool anonymous = name.Length >= 10 && name.StartsWith("_GLOBAL_"u8) && name[9] == 'N';
            _path.Add(OwnerKind.Namespace, anonymous ? "(anonymous namespace)"u8 : name);
        }
        else if (c == 'C' && (IsDigit(d) || d == 'I'))
        {
            stop = true;
            Structor(""u8);
        }
        else if (c == 'D' && IsDigit(d))
        {
            stop = true;
            Structor("~"u8);
        }
        else if (c == 'D' && d == 'C')
        {
            stop = true;
            _path.Add(OwnerKind.Member, "structured binding"u8);
        }
        else if (c == 'U' && d == 't')
        {
            _at += 2;
            while (IsDigit(Peek())) _at++;
            if (!Take((byte)'_')) _failed = true;
            _path.Add(OwnerKind.Type, "{unnamed type}"u8);
        }
        else if (c == 'U' && d == 'l')
        {
            stop = true;
            _path.Add(OwnerKind.Member, "{lambda}"u8);
        }
        else if (c == 'c' && d == 'v')
        {
            stop = true;
            MarkClass();
            _path.Add(OwnerKind.Member, "conversion operator"u8);
        }
        else if (c == 'l' && d == 'i')
        {
            _at += 2;
            stop = true;
            if (SourceName(out ReadOnlySpan<byte> suffix)) _path.AddMember("operator\"\" "u8, suffix);
        }
        else
        {
            int index = ItaniumDemangler.FindOperator(c, d);
            if (index < 0)
            {
                _failed = true;
                return;
            }
            _at += 2;
            stop = true;
            ReadOnlySpan<byte> text = ItaniumDemangler.OperatorText(index);
            _path.AddMember(text[0] is >= (byte)'a' and <= (byte)'z' ? "operator "u8 : "operator"u8, text);
        }
        while (!stop && !_failed && Take((byte)'B')) SourceName(out _);
    }

    private readonly void MarkClass() => _path.SetKind(_path.Count - 1, OwnerKind.Type);

    private readonly void Structor(ReadOnlySpan<byte> prefix)
    {
        if (_path.Count == 0) return;
        MarkClass();
        _path.AddMember(prefix, _path.NameOf(_path.Count - 1));
    }

    // From here on: stepping over what is not looked at.
    private void Arguments(int depth)
    {
        _at++;
        while (!_failed && !Take((byte)'E')) Argument(depth + 1);
    }

    private void Argument(int depth)
    {
        if (depth > MaxDepth) _failed = true;
        if (_failed) return;
        switch (Peek())
        {
            case (byte)'L':
                Literal(depth);
                break;
            case (byte)'X':
                _at++;
                Expression(depth + 1);
                if (!Take((byte)'E')) _failed = true;
                break;
            case (byte)'J':
                _at++;
                while (!_failed && !Take((byte)'E')) Argument(depth + 1);
                break;
            default:
                Type(depth + 1);
                break;
        }
    }

    private void Literal(int depth)
    {
        _at++;
        if (Peek() is (byte)'_' or (byte)'Z')
        {
            Take((byte)'_');
            _at++;
            SkipEncoding(depth + 1);
            if (!Take((byte)'E')) _failed = true;
            return;
        }
        Type(depth + 1);
        int end = _failed ? -1 : _s[_at..].IndexOf((byte)'E');
        if (end < 0) _failed = true;
        else _at += end + 1;
    }

    private void SkipEncoding(int depth)
    {
        if (Peek() is (byte)'T' or (byte)'G')
        {
            // Special names as arguments are too rare to be worth it.
            _failed = true;
            return;
        }
        SkipName(depth + 1);
        while (!_failed && _at < _s.Length && Peek() != 'E') Type(depth + 1);
    }

    private void SkipName(int depth)
    {
        if (depth > MaxDepth) _failed = true;
        if (_failed) return;
        switch (Peek())
        {
            case (byte)'N':
                _at++;
                while (Peek() is (byte)'r' or (byte)'V' or (byte)'K' or (byte)'R' or (byte)'O') _at++;
                while (!_failed && !Take((byte)'E'))
                {
                    byte c = Peek();
                    if (c == 'I') Arguments(depth + 1);
                    else if (c == 'S') Substitution();
                    else if (c == 'T') Parameter();
                    else if (c == 'M') _at++;
                    else if (c == 'D' && Peek(1) is (byte)'t' or (byte)'T') Type(depth + 1);
                    else SkipUnqualified(depth + 1);
                }
                return;
            case (byte)'Z':
                _at++;
                SkipEncoding(depth + 1);
                if (!Take((byte)'E')) _failed = true;
                if (_failed) return;
                if (Take((byte)'s'))
                {
                    Discriminator();
                    return;
                }
                if (Take((byte)'d'))
                {
                    while (IsDigit(Peek())) _at++;
                    if (!Take((byte)'_')) _failed = true;
                }
                SkipName(depth + 1);
                Discriminator();
                return;
            case (byte)'S' when Peek(1) == 't':
                _at += 2;
                SkipUnqualified(depth + 1);
                break;
            case (byte)'S':
                Substitution();
                break;
            default:
                SkipUnqualified(depth + 1);
                break;
        }
        if (!_failed && Peek() == 'I') Arguments(depth + 1);
    }

    private void Discriminator()
    {
        if (Peek() != '_' || !(IsDigit(Peek(1)) || (Peek(1) == '_' && IsDigit(Peek(2))))) return;
        bool closed = Peek(1) == '_';
        _at += closed ? 2 : 1;
        while (IsDigit(Peek())) _at++;
        if (closed) Take((byte)'_');
    }

    private void SkipUnqualified(int depth)
    {
        Take((byte)'L');
        byte c = Peek(), d = Peek(1);
        if (IsDigit(c)) SourceName(out _);
        else if (c == 'U' && d is (byte)'t' or (byte)'l')
        {
            _at += 2;
            if (d == 'l')
            {
                while (!_failed && !Take((byte)'E')) Type(depth + 1);
            }
            while (IsDigit(Peek())) _at++;
            if (!Take((byte)'_')) _failed = true;
        }
        else if (c is (byte)'C' or (byte)'D' && IsDigit(d)) _at += 2;
        else if (c == 'c' && d == 'v')
        {
            _at += 2;
            Type(depth + 1);
        }
        else if (c == 'l' && d == 'i')
        {
            _at += 2;
            SourceName(out _);
        }
        else if (ItaniumDemangler.FindOperator(c, d) >= 0) _at += 2;
        else _failed = true;
        while (!_failed && Take((byte)'B')) SourceName(out _);
    }

    private void Substitution()
    {
        _at++;
        byte c = Peek();
        _at++;
        if (c is (byte)'_' or (byte)'t' or (byte)'a' or (byte)'b' or (byte)'s' or (byte)'i' or (byte)'o' or (byte)'d') return;
        if (!IsDigit(c) && c is not (>= (byte)'A' and <= (byte)'Z'))
        {
            _failed = true;
            return;
        }
        while (IsDigit(Peek()) || Peek() is >= (byte)'A' and <= (byte)'Z') _at++;
        if (!Take((byte)'_')) _failed = true;
    }

    private void Parameter()
    {
        _at++;
        if (Take((byte)'L'))
        {
            while (IsDigit(Peek())) _at++;
            Take((byte)'_');
        }
        while (IsDigit(Peek())) _at++;
        if (!Take((byte)'_')) _failed = true;
    }

    private void Type(int depth)
    {
        if (depth > MaxDepth) _failed = true;
        while (!_failed)
        {
            byte c = Peek(), d = Peek(1);
            switch (c)
            {
                case (byte)'r' or (byte)'V' or (byte)'K' or (byte)'P' or (byte)'R' or (byte)'O' or (byte)'C' or (byte)'G':
                    _at++;
                    continue;
                case (byte)'N' or (byte)'Z':
                    SkipName(depth + 1);
                    return;
                case (byte)'S':
                    SkipName(depth + 1);
                    return;
                case >= (byte)'0' and <= (byte)'9':
                    SkipName(depth + 1);
                    return;
                case (byte)'T':
                    if (d is (byte)'s' or (byte)'u' or (byte)'e')
                    {
                        _at += 2;
                        SkipName(depth + 1);
                        return;
                    }
                    Parameter();
                    if (!_failed && Peek() == 'I') Arguments(depth + 1);
                    return;
                case (byte)'F':
                    _at++;
                    Take((byte)'Y');
                    while (!_failed && !Take((byte)'E'))
                    {
                        if (Peek() is (byte)'R' or (byte)'O' && Peek(1) == 'E') _at++;
                        else Type(depth + 1);
                    }
                    return;
                case (byte)'A':
                    _at++;
                    if (IsDigit(Peek())) while (IsDigit(Peek())) _at++;
                    else if (Peek() != '_') Expression(depth + 1);
                    if (!Take((byte)'_')) _failed = true;
                    continue;
                case (byte)'M':
                    _at++;
                    Type(depth + 1);
                    continue;
                case (byte)'U':
                    if (d is (byte)'t' or (byte)'l')
                    {
                        SkipName(depth + 1);
                        return;
                    }
                    _at++;
                    SourceName(out _);
                    if (!_failed && Peek() == 'I') Arguments(depth + 1);
                    continue;
                case (byte)'u':
                    _at++;
                    SourceName(out _);
                    return;
                case (byte)'D':
                    _at += 2;
                    switch (d)
                    {
                        case (byte)'p' or (byte)'o' or (byte)'x':
                            continue;
                        case (byte)'t' or (byte)'T':
                            Expression(depth + 1);
                            if (!Take((byte)'E')) _failed = true;
                            return;
                        case (byte)'O':
                            Expression(depth + 1);
                            if (!Take((byte)'E')) _failed = true;
                            continue;
                        case (byte)'v':
                            while (IsDigit(Peek())) _at++;
                            if (!Take((byte)'_')) _failed = true;
                            continue;
                        case (byte)'F' or (byte)'B' or (byte)'U':
                            while (IsDigit(Peek())) _at++;
                            if (Peek() is (byte)'_' or (byte)'x' or (byte)'b') _at++;
                            else _failed = true;
                            return;
                        case >= (byte)'a' and <= (byte)'z':
                            return;
                        default:
                            _failed = true;
                            return;
                    }
                case >= (byte)'a' and <= (byte)'z':
                    _at++;
                    return;
                default:
                    _failed = true;
                    return;
            }
        }
    }

    private void Expressions(int depth)
    {
        while (!_failed && !Take((byte)'E')) Expression(depth + 1);
    }

    private void Expression(int depth)
    {
        if (depth > MaxDepth) _failed = true;
        if (_failed) return;
        byte c = Peek(), d = Peek(1);
        switch (c)
        {
            case (byte)'L':
                Literal(depth);
                return;
            case (byte)'T':
                Parameter();
                return;
            case (byte)'f' when d is (byte)'p' or (byte)'L':
                _at += 2;
                if (d == 'L')
                {
                    while (IsDigit(Peek())) _at++;
                    if (!Take((byte)'p')) _failed = true;
                }
                if (Take((byte)'T')) return;
                while (Peek() is (byte)'r' or (byte)'V' or (byte)'K') _at++;
                while (IsDigit(Peek())) _at++;
                if (!Take((byte)'_')) _failed = true;
                return;
            case >= (byte)'0' and <= (byte)'9':
                SkipName(depth + 1);
                return;
        }
        switch ((char)c, (char)d)
        {
            case ('s', 'r'):
                _at += 2;
                Unresolved(depth);
                return;
            case ('c', 'l') or ('i', 'l'):
                _at += 2;
                Expressions(depth);
                return;
            case ('t', 'l'):
                _at += 2;
                Type(depth + 1);
                Expressions(depth);
                return;
            case ('c', 'v'):
                _at += 2;
                Type(depth + 1);
                if (Take((byte)'_')) Expressions(depth);
                else Expression(depth + 1);
                return;
            case ('s', 't') or ('a', 't') or ('t', 'i'):
                _at += 2;
                Type(depth + 1);
                return;
            case ('d', 'c') or ('s', 'c') or ('c', 'c') or ('r', 'c'):
                _at += 2;
                Type(depth + 1);
                Expression(depth + 1);
                return;
            case ('s', 'p') or ('s', 'Z') or ('n', 'x'):
                _at += 2;
                Expression(depth + 1);
                return;
            case ('m', 'm') or ('p', 'p'):
                _at += 2;
                Take((byte)'_');
                Expression(depth + 1);
                return;
        }
        int index = ItaniumDemangler.FindOperator(c, d);
        int operands = index < 0 || c == 'n' && d is (byte)'w' or (byte)'a' ? 0 : ItaniumDemangler.OperatorOperands(index);
        if (operands == 0) _failed = true;
        else _at += 2;
        for (; operands > 0; operands--) Expression(depth + 1);
    }

    private void Unresolved(int depth)
    {
        if (IsDigit(Peek()))
        {
            int levels = 0;
            while (!_failed && IsDigit(Peek()))
            {
                SkipName(depth + 1);
                levels++;
            }
            // With levels an 'E' ends them; without, what was taken for a second level was the name.
            if (!Take((byte)'E'))
            {
                if (levels < 2) _failed = true;
                return;
            }
        }
        else if (Take((byte)'N'))
        {
            Type(depth + 1);
            while (!_failed && !Take((byte)'E')) SkipName(depth + 1);
        }
        else Type(depth + 1);
        if (_failed) return;
        if (Peek() == 'o' && Peek(1) == 'n') _at += 2;
        if (Peek() == 'd' && Peek(1) == 'n')
        {
            _at += 2;
            Type(depth + 1);
            return;
        }
        SkipName(depth + 1);
    }
}
