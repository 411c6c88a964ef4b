using System.Runtime.InteropServices;

namespace BinarySize.Attribution.Symbols;

/// <summary>
/// Demangles names of the Itanium C++ ABI (https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling). It parses into a
/// tree, since declarators print inside out and substitutions refer back, and prints as GNU tools do.
/// </summary>
internal ref partial struct ItaniumDemangler
{
    private enum Kind : byte
    {
        None,

        // Names. Source spans are X, Y: offset and length in the mangled name.
        Source, Text, Nested, Local, Template, Tagged, Constructor, Destructor, Conversion, Operator, LiteralOperator,
        Lambda, Unnamed, DefaultArgument, Structured, UnresolvedDestructor,

        // Declarations.
        Function, Special, ConstructionVtable, Clone, ReferenceTemporary,

        // Types.
        Builtin, Pointer, LeftReference, RightReference, Qualified, VendorQualified, FunctionType, Array, MemberPointer,
        Pack, PackReference, PackExpansion, Vector, Suffixed, Decltype, BitInt, Bound, Auto,

        // Expressions.
        Literal, Unary, PostfixUnary, Binary, Conditional, Call, Cast, NamedCast, Wrapped, Parameter, InitializerList, Subscript, New, Fold,
        SizeOfPack, ExpressionPack, EncodingReference, Throw,
    }

    private struct Node
    {
        public Kind Kind;
        public byte Flags;

        // Children; 0 for none.
        public int A, B, C;

        // Plain numbers, by kind.
        public int X, Y;

        // Children in a list.
        public int ListStart, ListCount;
    }

    // Arrays that are worth keeping from one name to the next.
    private sealed class Scratch
    {
        public readonly List<Node> Nodes = new(256);
        public readonly List<int> Lists = new(256);
        public readonly List<int> Substitutions = new(64);
        public readonly List<int> Parameters = new(16);
        public readonly List<int> Pending = new(64);
        public readonly List<int> Forwards = [];
        public readonly TextBuffer Output = new();
    }

    [ThreadStatic]
    private static Scratch? t_scratch;

    private const int MaxDepth = 192, MaxNodes = 1 << 18, MaxSteps = 1 << 18;
    private const byte Const = 1, Volatile = 2, Restrict = 4, LeftRef = 8, RightRef = 16, Noexcept = 32, HasReturn = 64;

    private readonly ReadOnlySpan<byte> _s;
    private readonly List<Node> _nodes;
    private readonly List<int> _lists;
    private readonly List<int> _substitutions;
    private readonly List<int> _pending;
    private readonly List<int> _forwards;
    private readonly TextBuffer _out;
    private List<int> _parameters;
    private int _at;
    private int _depth;
    private bool _forwardReferences;
    private int _lambdaDepth;
    private bool _hasAuto;

    // Encodings begun, and the present one's number.
    private int _contexts;
    private int _context;

    // What the name just parsed says of the function that it names.
    private byte _nameQualifiers;
    private bool _nameHasArguments;
    private bool _nameHasNoReturn;

    // Printing: work done, depth, and which element of a pack is written just now (-1: none).
    private int _steps;
    private int _printDepth;
    private int _element = -1;

    private ItaniumDemangler(ReadOnlySpan<byte> mangled, Scratch scratch)
    {
        _s = mangled;
        _nodes = scratch.Nodes;
        _lists = scratch.Lists;
        _substitutions = scratch.Substitutions;
        _parameters = scratch.Parameters;
        _pending = scratch.Pending;
        _forwards = scratch.Forwards;
        _out = scratch.Output;
        _nodes.Clear();
        _lists.Clear();
        _substitutions.Clear();
        _parameters.Clear();
        _pending.Clear();
        _forwards.Clear();
        _out.Clear();
        _nodes.Add(default);
    }

    /// <summary>The readable form of a name that starts with <c>_Z</c>.</summary>
    public static bool TryDemangle(ReadOnlySpan<byte> mangled, out string demangled)
    {
        demangled = "";
        if (!mangled.StartsWith("_Z"u8)) return false;
        Scratch scratch = t_scratch ??= new Scratch();
        var parser = new ItaniumDemangler(mangled, scratch) { _at = 2 };
        int root = parser.ParseEncoding();
        if (root == 0) return false;
        while (parser._at < mangled.Length)
        {
            root = parser.ParseClone(root);
            if (root == 0) return false;
        }
        parser.Print(root);
        if (parser._out.Overflowed || parser._steps > MaxSteps) return false;
        demangled = parser._out.ToString();
        return true;
    }

    private readonly byte Peek(int ahead = 0) => _at + ahead < _s.Length ? _s[_at + ahead] : (byte)0;

    private bool Take(byte c)
    {
        if (Peek() != c) return false;
        _at++;
        return true;
    }

    private bool Take(ReadOnlySpan<byte> text)
    {
        if (!_s[_at..].StartsWith(text)) return false;
        _at += text.Length;
        return true;
    }

    private readonly int Add(in Node node)
    {
        if (_nodes.Count >= MaxNodes) return 0;
        _nodes.Add(node);
        return _nodes.Count - 1;
    }

    private readonly int Make(Kind kind, int a = 0, int b = 0, int c = 0, int x = 0, int y = 0, byte flags = 0) =>
        Add(new Node { Kind = kind, A = a, B = b, C = c, X = x, Y = y, Flags = flags });

    private readonly ref Node At(int node) => ref CollectionsMarshal.AsSpan(_nodes)[node];

    // Children collect in _pending while nested lists come and go; then they move to _lists in one run.
    private readonly int Mark() => _pending.Count;

    private readonly int MakeList(Kind kind, int mark, int a = 0, int b = 0, int x = 0, int y = 0, byte flags = 0)
    {
        int start = _lists.Count, count = _pending.Count - mark;
        for (int i = mark; i < _pending.Count; i++) _lists.Add(_pending[i]);
        _pending.RemoveRange(mark, count);
        return Add(new Node { Kind = kind, A = a, B = b, X = x, Y = y, Flags = flags, ListStart = start, ListCount = count });
    }

    private readonly int Substitute(int node)
    {
        if (node != 0) _substitutions.Add(node);
        return node;
    }

    private bool Number(out int value)
    {
        value = 0;
        int start = _at;
        while (Peek() is >= (byte)'0' and <= (byte)'9')
        {
            if (value > 100_000_000) return false;
            value = value * 10 + (_s[_at++] - '0');
        }
        return _at > start;
    }

    // <seq-id>: nothing is 0, else base 36 plus 1; ends with '_'.
    private bool SequenceId(out int value)
    {
        value = 0;
        if (Take((byte)'_')) return true;
        while (Peek() is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'A' and <= (byte)'Z'))
        {
            byte c = _s[_at++];
            value = value * 36 + (c <= '9' ? c - '0' : c - 'A' + 10);
            if (value > 10_000_000) return false;
        }
        value++;
        return Take((byte)'_');
    }

    // '_' is 0, else a decimal number plus 1 and '_'.
    private bool Discriminated(out int value)
    {
        value = 0;
        if (Take((byte)'_')) return true;
        if (!Number(out value)) return false;
        value++;
        return Take((byte)'_');
    }

    private int ParseClone(int encoding)
    {
        if (Peek() != '.') return 0;
        int start = _at++;
        if (Peek() is (>= (byte)'a' and <= (byte)'z') or (byte)'_')
        {
            while (Peek() is (>= (byte)'a' and <= (byte)'z') or (byte)'_') _at++;
        }
        else if (Peek() is not (>= (byte)'0' and <= (byte)'9')) return 0;
        else _at--;
        while (Peek() == '.' && Peek(1) is >= (byte)'0' and <= (byte)'9')
        {
            _at += 2;
            while (Peek() is >= (byte)'0' and <= (byte)'9') _at++;
        }
        return Make(Kind.Clone, encoding, x: start, y: _at - start);
    }

    private int ParseEncoding()
    {
        if (++_depth > MaxDepth) return 0;
        int result = ParseEncodingInner();
        _depth--;
        return result;
    }

    private int ParseEncodingInner()
    {
        if (Peek() is (byte)'T' or (byte)'G' && IsSpecial()) return ParseSpecial();
        List<int> outer = _parameters;
        _parameters = [];
        int outerContext = _context;
        _context = ++_contexts;
        int forwards = _forwards.Count;
        (_nameQualifiers, _nameHasArguments, _nameHasNoReturn) = (0, false, false);
        int name = ParseName(tag: true);
        (byte qualifiers, bool hasArguments, bool hasNoReturn) = (_nameQualifiers, _nameHasArguments, _nameHasNoReturn);
        int result = 0;
        if (name != 0)
        {
            // Conversion operators name types by arguments that stand further on.
            for (int i = forwards; i < _forwards.Count; i++)
            {
                ref Node forward = ref At(_forwards[i]);
                if (forward.X < _parameters.Count) forward.A = Reference(_parameters[forward.X]);
                else name = 0;
            }
            _forwards.RemoveRange(forwards, _forwards.Count - forwards);
        }
        if (name != 0)
        {
            if (AtEnd()) result = name;
            else
            {
                int returnType = 0;
                bool ok = true;
                if (hasArguments && !hasNoReturn)
                {
                    returnType = ParseType();
                    ok = returnType != 0;
                }
                int mark = Mark();
                if (ok && Take((byte)'v')) ok = AtEnd();
                else
                {
                    while (ok && !AtEnd())
                    {
                        int type = ParseType();
                        if (type == 0) ok = false;
                        else _pending.Add(type);
                    }
                }
                if (ok) result = MakeList(Kind.Function, mark, name, returnType, flags: qualifiers);
            }
        }
        _parameters = outer;
        _context = outerContext;
        return result;
    }

    // Where an encoding's parameters end. A requires-clause is skipped by nobody: such names are new and rare.
    private readonly bool AtEnd() => _at >= _s.Length || Peek() is (byte)'E' or (byte)'.';

    private readonly bool IsSpecial() => Peek() == 'T'
        ? Peek(1) is (byte)'V' or (byte)'T' or (byte)'I' or (byte)'S' or (byte)'C' or (byte)'h' or (byte)'v' or (byte)'c' or (byte)'H' or (byte)'W' or (byte)'A' or (byte)'F'
        : Peek(1) is (byte)'V' or (byte)'R' or (byte)'A' or (byte)'T' or (byte)'I';

    private int ParseSpecial()
    {
        byte first = _s[_at++], second = _s[_at++];
        int prefix, child;
        if (first == 'T')
        {
            switch (second)
            {
                case (byte)'V':
                    return MakeSpecial(Special.Vtable, ParseType());
                case (byte)'T':
                    return MakeSpecial(Special.Vtt, ParseType());
                case (byte)'I':
                    return MakeSpecial(Special.TypeInfo, ParseType());
                case (byte)'S':
                    return MakeSpecial(Special.TypeInfoName, ParseType());
                case (byte)'F':
                    return MakeSpecial(Special.TypeInfoFunction, ParseType());
                case (byte)'C':
                    int derived = ParseType();
                    if (derived == 0 || !Number(out _) || !Take((byte)'_')) return 0;
                    int @base = ParseType();
                    return @base == 0 ? 0 : Make(Kind.ConstructionVtable, @base, derived);
                case (byte)'h':
                    return CallOffset((byte)'h') ? MakeSpecial(Special.Thunk, ParseEncoding()) : 0;
                case (byte)'v':
                    return CallOffset((byte)'v') ? MakeSpecial(Special.VirtualThunk, ParseEncoding()) : 0;
                case (byte)'c':
                    byte one = Peek();
                    _at++;
                    if (!CallOffset(one)) return 0;
                    byte two = Peek();
                    _at++;
                    return CallOffset(two) ? MakeSpecial(Special.CovariantThunk, ParseEncoding()) : 0;
                case (byte)'H':
                    return MakeSpecial(Special.TlsInit, ParseName(tag: false));
                case (byte)'W':
                    return MakeSpecial(Special.TlsWrapper, ParseName(tag: false));
                default: // 'A'
                    return MakeSpecial(Special.TemplateParameterObject, ParseTemplateArgument());
            }
        }
        switch (second)
        {
            case (byte)'V':
                return MakeSpecial(Special.Guard, ParseName(tag: false));
            case (byte)'R':
                child = ParseName(tag: false);
                if (child == 0 || !SequenceId(out int index)) return 0;
                return Make(Kind.ReferenceTemporary, child, x: index);
            case (byte)'A':
                return MakeSpecial(Special.HiddenAlias, ParseEncoding());
            case (byte)'I':
                return 0;
            default: // 'T'
                prefix = Peek() == 'n' ? Special.NonTransactionClone : Special.TransactionClone;
                _at++;
                return MakeSpecial(prefix, ParseEncoding());
        }
    }

    private readonly int MakeSpecial(int text, int child) => child == 0 ? 0 : Make(Kind.Special, child, x: text);

    private bool CallOffset(byte kind)
    {
        Take((byte)'n');
        if (kind == 'h') return Number(out _) && Take((byte)'_');
        if (kind != 'v' || !Number(out _) || !Take((byte)'_')) return false;
        Take((byte)'n');
        return Number(out _) && Take((byte)'_');
    }

    /// <summary><paramref name="tag"/>: its template arguments are those that T_ means from here on.</summary>
    private int ParseName(bool tag)
    {
        if (++_depth > MaxDepth) return 0;
        int result;
        switch (Peek())
        {
            case (byte)'N':
                result = ParseNested(tag);
                break;
            case (byte)'Z':
                result = ParseLocal(tag);
                break;
            case (byte)'S' when Peek(1) != 't':
                int substituted = ParseSubstitution(expand: false);
                if (substituted == 0 || Peek() != 'I') result = tag ? 0 : substituted;
                else result = ParseTemplate(substituted, tag);
                break;
            default:
                int unscoped = ParseUnscoped();
                if (unscoped != 0 && Peek() == 'I')
                {
                    Substitute(unscoped);
                    result = ParseTemplate(unscoped, tag);
                }
                else
                {
                    result = unscoped;
                    if (tag) _nameHasArguments = false;
                }
                break;
        }
        _depth--;
        return result;
    }

    private int ParseUnscoped()
    {
        if (Take("St"u8))
        {
            int std = Make(Kind.Text, x: Text.Std);
            // Several names may stand for themselves only inside std.
            int name = ParseUnqualified(0);
            return name == 0 ? 0 : Make(Kind.Nested, std, name);
        }
        return ParseUnqualified(0);
    }

    private int ParseTemplate(int name, bool tag)
    {
        int mark = Mark();
        if (!ParseTemplateArguments(tag)) return 0;
        if (tag) _nameHasArguments = true;
        return MakeList(Kind.Template, mark, name);
    }

    private int ParseNested(bool tag)
    {
        _at++;
        byte qualifiers = ParseQualifiers();
        if (Take((byte)'O')) qualifiers |= RightRef;
        else if (Take((byte)'R')) qualifiers |= LeftRef;
        int soFar = 0;
        bool pushed = false, arguments = false, noReturn = false;
        while (!Take((byte)'E'))
        {
            // "L" marks internal linkage, "M" a data member's initializer.
            if (Take((byte)'M')) continue;
            arguments = false;
            byte c = Peek();
            if (c == 'T' && Peek(1) is (byte)'_' or (>= (byte)'0' and <= (byte)'9'))
            {
                if (soFar != 0) return 0;
                soFar = ParseTemplateParameter();
            }
            else if (c == 'I')
            {
                if (soFar == 0 || At(soFar).Kind == Kind.Template) return 0;
                soFar = ParseTemplate(soFar, tag);
                arguments = true;
                if (Peek() == 'B') soFar = ParseTags(soFar);
            }
            else if (c == 'D' && Peek(1) is (byte)'t' or (byte)'T')
            {
                if (soFar != 0) return 0;
                soFar = ParseDecltype();
            }
            else if (c == 'S' && Peek(1) != 't')
            {
                if (soFar != 0) return 0;
                soFar = ParseSubstitution(expand: true);
                if (soFar == 0) return 0;
                // What a substitution stands for is there already; the ABI's own abbreviations never are.
                pushed = false;
                continue;
            }
            else if (c == 'S')
            {
                if (soFar != 0) return 0;
                _at += 2;
                soFar = Make(Kind.Text, x: Text.Std);
                pushed = false;
                continue;
            }
            else
            {
                int component = ParseUnqualified(soFar);
                if (component == 0) return 0;
                noReturn = At(component).Kind is Kind.Constructor or Kind.Destructor or Kind.Conversion
                    || (At(component).Kind == Kind.Tagged && At(At(component).A).Kind is Kind.Constructor or Kind.Destructor);
                soFar = soFar == 0 ? component : Make(Kind.Nested, soFar, component);
            }
            if (soFar == 0) return 0;
            Substitute(soFar);
            pushed = true;
        }
        if (soFar == 0) return 0;
        // The name as a whole is a candidate only where it is a type, and then the type's parser says so.
        if (pushed) _substitutions.RemoveAt(_substitutions.Count - 1);
        if (tag)
        {
            _nameQualifiers = qualifiers;
            _nameHasArguments = arguments;
            _nameHasNoReturn = noReturn;
        }
        return soFar;
    }

    private int ParseLocal(bool tag)
    {
        _at++;
        int encoding = ParseEncoding();
        if (encoding == 0 || !Take((byte)'E')) return 0;
        (_nameQualifiers, _nameHasArguments, _nameHasNoReturn) = (0, false, false);
        if (Take((byte)'s'))
        {
            Discriminator();
            return Make(Kind.Local, encoding, Make(Kind.Text, x: Text.StringLiteral));
        }
        if (Take((byte)'d'))
        {
            if (!Discriminated(out int argument)) return 0;
            int inner = ParseName(tag);
            return inner == 0 ? 0 : Make(Kind.Local, encoding, Make(Kind.DefaultArgument, inner, x: argument + 1));
        }
        int entity = ParseName(tag);
        if (entity == 0) return 0;
        Discriminator();
        return Make(Kind.Local, encoding, entity);
    }

    private void Discriminator()
    {
        if (Peek() != '_') return;
        int start = _at++;
        if (Take((byte)'_'))
        {
            if (Number(out _) && Take((byte)'_')) return;
        }
        else if (Number(out _)) return;
        _at = start;
    }

    private byte ParseQualifiers()
    {
        byte qualifiers = 0;
        if (Take((byte)'r')) qualifiers |= Restrict;
        if (Take((byte)'V')) qualifiers |= Volatile;
        if (Take((byte)'K')) qualifiers |= Const;
        return qualifiers;
    }

    private int ParseSourceName()
    {
        if (!Number(out int length) || length == 0 || length > _s.Length - _at) return 0;
        int start = _at;
        _at += length;
        ReadOnlySpan<byte> name = _s.Slice(start, length);
        if (name.Length >= 10 && name.StartsWith("_GLOBAL_"u8) && name[8] is (byte)'_' or (byte)'.' or (byte)'$' && name[9] == 'N') return Make(Kind.Text, x: Text.Anonymous);
        return Make(Kind.Source, x: start, y: length);
    }

    private int ParseTags(int name)
    {
        while (name != 0 && Take((byte)'B'))
        {
            if (!Number(out int length) || length > _s.Length - _at) return 0;
            name = Make(Kind.Tagged, name, x: _at, y: length);
            _at += length;
        }
        return name;
    }

    private int ParseUnqualified(int scope)
    {
        if (++_depth > MaxDepth) return 0;
        int name;
        Take((byte)'L');
        byte c = Peek();
        switch (c)
        {
            case >= (byte)'0' and <= (byte)'9':
                name = ParseSourceName();
                break;
            case (byte)'U' when Peek(1) == 't':
                _at += 2;
                name = Discriminated(out int unnamed) ? Make(Kind.Unnamed, x: unnamed + 1) : 0;
                break;
            case (byte)'U' when Peek(1) == 'l':
                _at += 2;
                name = ParseLambda();
                break;
            case (byte)'C' when scope != 0:
                _at++;
                bool inheriting = Take((byte)'I');
                if (Peek() is not (>= (byte)'1' and <= (byte)'5')) return 0;
                _at++;
                if (inheriting && ParseName(tag: false) == 0) return 0;
                name = Make(Kind.Constructor, scope);
                break;
            case (byte)'D' when scope != 0 && Peek(1) is (>= (byte)'0' and <= (byte)'5'):
                _at += 2;
                name = Make(Kind.Destructor, scope);
                break;
            case (byte)'D' when Peek(1) == 'C':
                _at += 2;
                int mark = Mark();
                do
                {
                    int part = ParseSourceName();
                    if (part == 0) return 0;
                    _pending.Add(part);
                }
                while (!Take((byte)'E'));
                name = MakeList(Kind.Structured, mark);
                break;
            default:
                name = ParseOperatorName();
                break;
        }
        _depth--;
        return name == 0 ? 0 : ParseTags(name);
    }

    private int ParseLambda()
    {
        int mark = Mark();
        _lambdaDepth++;
        bool ok = true;
        if (Peek() == 'v' && Peek(1) == 'E') _at++;
        while (ok && Peek() != 'E')
        {
            int type = ParseType();
            ok = type != 0;
            if (ok) _pending.Add(type);
        }
        _lambdaDepth--;
        if (!ok || !Take((byte)'E') || !Discriminated(out int number)) return 0;
        return MakeList(Kind.Lambda, mark, x: number + 1);
    }

    private int ParseOperatorName()
    {
        byte a = Peek(), b = Peek(1);
        if (a is < (byte)'a' or > (byte)'z') return 0;
        if (a == 'c' && b == 'v')
        {
            _at += 2;
            bool saved = _forwardReferences;
            _forwardReferences = true;
            int type = ParseType(allowArguments: false);
            _forwardReferences = saved;
            return type == 0 ? 0 : Make(Kind.Conversion, type);
        }
        if (a == 'l' && b == 'i')
        {
            _at += 2;
            int suffix = ParseSourceName();
            return suffix == 0 ? 0 : Make(Kind.LiteralOperator, suffix);
        }
        if (a == 'v' && b is >= (byte)'0' and <= (byte)'9')
        {
            _at += 2;
            int vendor = ParseSourceName();
            return vendor == 0 ? 0 : Make(Kind.Conversion, vendor);
        }
        int index = Operators.Find(a, b);
        if (index < 0) return 0;
        _at += 2;
        return Make(Kind.Operator, x: index);
    }

    // The std abbreviations, and earlier components. In a prefix, "Ss" followed by a constructor unfolds.
    private int ParseSubstitution(bool expand)
    {
        _at++;
        byte c = Peek();
        if (c is (byte)'_' or (>= (byte)'0' and <= (byte)'9') or (>= (byte)'A' and <= (byte)'Z'))
        {
            if (!SequenceId(out int index) || index >= _substitutions.Count) return 0;
            // A parameter that a nested function or a lambda named first means something else out here.
            return (_hasAuto || _contexts > 1) && _lambdaDepth == 0 ? Rebind(_substitutions[index], 0) : _substitutions[index];
        }
        _at++;
        bool full = expand && Peek() is (byte)'C' or (byte)'D' && Peek(1) is >= (byte)'0' and <= (byte)'5';
        int text = c switch
        {
            (byte)'a' => Text.Allocator,
            (byte)'b' => Text.BasicString,
            (byte)'s' => full ? Text.FullString : Text.String,
            (byte)'i' => full ? Text.FullIstream : Text.Istream,
            (byte)'o' => full ? Text.FullOstream : Text.Ostream,
            (byte)'d' => full ? Text.FullIostream : Text.Iostream,
            _ => 0,
        };
        if (text == 0) return 0;
        int node = Make(Kind.Text, x: text);
        if (Peek() == 'B') node = Substitute(ParseTags(node));
        return node;
    }

    private bool ParseTemplateArguments(bool tag)
    {
        if (!Take((byte)'I')) return false;
        if (++_depth > MaxDepth) return false;
        if (tag) _parameters.Clear();
        while (!Take((byte)'E'))
        {
            // Constraints on the arguments are not part of any GNU output that we know.
            if (Peek() == 'Q') return false;
            int argument = ParseTemplateArgument();
            if (argument == 0) return false;
            _pending.Add(argument);
            if (tag) _parameters.Add(argument);
        }
        _depth--;
        return true;
    }

    private int ParseTemplateArgument()
    {
        if (++_depth > MaxDepth) return 0;
        int result;
        switch (Peek())
        {
            case (byte)'X':
                _at++;
                result = ParseExpression();
                if (!Take((byte)'E')) result = 0;
                break;
            case (byte)'L':
                result = ParseLiteral();
                break;
            case (byte)'J':
                _at++;
                int mark = Mark();
                result = -1;
                while (!Take((byte)'E'))
                {
                    int element = ParseTemplateArgument();
                    if (element == 0)
                    {
                        result = 0;
                        break;
                    }
                    _pending.Add(element);
                }
                if (result != 0) result = MakeList(Kind.Pack, mark);
                break;
            default:
                result = ParseType();
                break;
        }
        _depth--;
        return result;
    }

    // A pack that is named by a parameter stands for one of its elements at a time.
    private readonly int Reference(int argument) => At(argument).Kind == Kind.Pack ? Make(Kind.PackReference, argument) : argument;

    // A parameter: its index, what it stands for, and the function whose arguments say so.
    private readonly int Bind(int index) => Make(Kind.Bound, Reference(_parameters[index]), x: index, y: _context);

    private int ParseTemplateParameter()
    {
        _at++;
        int level = 0;
        if (Take((byte)'L'))
        {
            if (!Number(out level) || !Take((byte)'_')) return 0;
            level++;
        }
        if (!Discriminated(out int index)) return 0;
        if (_lambdaDepth > 0 && level <= 1)
        {
            _hasAuto = true;
            return Make(Kind.Auto, x: index + 1);
        }
        if (_forwardReferences)
        {
            int forward = Make(Kind.Bound, x: index, y: _context);
            _forwards.Add(forward);
            return forward;
        }
        if (level != 0 || index >= _parameters.Count) return 0;
        return Bind(index);
    }

    // The same tree with every parameter outside of nested names bound to the arguments of the present function.
    private int Rebind(int node, int depth)
    {
        if (node == 0 || depth > MaxDepth || ++_steps > MaxSteps) return node;
        Node n = At(node);
        switch (n.Kind)
        {
            case Kind.Auto:
                return n.X <= _parameters.Count ? Bind(n.X - 1) : node;
            case Kind.Bound:
                return n.Y != _context && n.X < _parameters.Count ? Bind(n.X) : node;
            case Kind.Source or Kind.Text or Kind.Builtin or Kind.Lambda or Kind.Local or Kind.Function:
                return node;
        }
        Node copy = n;
        copy.A = Rebind(n.A, depth + 1);
        copy.B = Rebind(n.B, depth + 1);
        copy.C = Rebind(n.C, depth + 1);
        bool changed = copy.A != n.A || copy.B != n.B || copy.C != n.C;
        int mark = Mark();
        for (int i = 0; i < n.ListCount; i++)
        {
            int item = _lists[n.ListStart + i], bound = Rebind(item, depth + 1);
            changed |= bound != item;
            _pending.Add(bound);
        }
        if (!changed)
        {
            _pending.RemoveRange(mark, n.ListCount);
            return node;
        }
        copy.ListStart = _lists.Count;
        for (int i = 0; i < n.ListCount; i++) _lists.Add(_pending[mark + i]);
        _pending.RemoveRange(mark, n.ListCount);
        return Add(copy);
    }

    private int ParseDecltype()
    {
        _at += 2;
        int expression = ParseExpression();
        return expression != 0 && Take((byte)'E') ? Make(Kind.Decltype, expression) : 0;
    }

    private int ParseType(bool allowArguments = true)
    {
        if (++_depth > MaxDepth) return 0;
        int result = ParseTypeInner(allowArguments);
        _depth--;
        return result;
    }

    private int ParseTypeInner(bool allowArguments)
    {
        byte c = Peek();
        int child;
        switch (c)
        {
            case (byte)'r' or (byte)'V' or (byte)'K':
                byte qualifiers = ParseQualifiers();
                if (Peek() == 'F' || (Peek() == 'D' && Peek(1) is (byte)'o' or (byte)'O'))
                {
                    child = ParseFunctionType(qualifiers);
                    return Substitute(child);
                }
                child = ParseType(allowArguments);
                return child == 0 ? 0 : Substitute(Make(Kind.Qualified, child, flags: qualifiers));
            case (byte)'P':
                _at++;
                child = ParseType(allowArguments);
                return child == 0 ? 0 : Substitute(Make(Kind.Pointer, child));
            case (byte)'R':
                _at++;
                child = ParseType(allowArguments);
                return child == 0 ? 0 : Substitute(Make(Kind.LeftReference, child));
            case (byte)'O':
                _at++;
                child = ParseType(allowArguments);
                return child == 0 ? 0 : Substitute(Make(Kind.RightReference, child));
            case (byte)'C' or (byte)'G':
                _at++;
                child = ParseType(allowArguments);
                return child == 0 ? 0 : Substitute(Make(Kind.Suffixed, child, x: c == 'C' ? Text.Complex : Text.Imaginary));
            case (byte)'F':
                return Substitute(ParseFunctionType(0));
            case (byte)'A':
                return Substitute(ParseArray());
            case (byte)'M':
                _at++;
                int owner = ParseType();
                if (owner == 0) return 0;
                int member = ParseType();
                return member == 0 ? 0 : Substitute(Make(Kind.MemberPointer, owner, member));
            case (byte)'T' when Peek(1) is (byte)'s' or (byte)'u' or (byte)'e':
                _at += 2;
                return Substitute(ParseName(tag: false));
            case (byte)'T':
                child = Substitute(ParseTemplateParameter());
                if (child != 0 && Peek() == 'I' && allowArguments) child = Substitute(ParseTemplate(child, tag: false));
                return child;
            case (byte)'D':
                return ParseExtendedType(allowArguments);
            case (byte)'S' when Peek(1) != 't':
                child = ParseSubstitution(expand: false);
                if (child != 0 && Peek() == 'I' && allowArguments) return Substitute(ParseTemplate(child, tag: false));
                return child;
            case (byte)'U':
                if (Peek(1) is (byte)'t' or (byte)'l') return Substitute(ParseName(tag: false));
                _at++;
                int vendor = ParseSourceName();
                if (vendor == 0) return 0;
                if (Peek() == 'I') vendor = ParseTemplate(vendor, tag: false);
                child = ParseType(allowArguments);
                return child == 0 || vendor == 0 ? 0 : Substitute(Make(Kind.VendorQualified, child, vendor));
            case (byte)'u':
                _at++;
                int name = ParseSourceName();
                if (name != 0 && Peek() == 'I') name = ParseTemplate(name, tag: false);
                return Substitute(name);
            case (byte)'N' or (byte)'Z' or (byte)'S' or (>= (byte)'0' and <= (byte)'9'):
                return Substitute(ParseName(tag: false));
            default:
                int builtin = Builtins.Find(c);
                if (builtin < 0) return 0;
                _at++;
                return Make(Kind.Builtin, x: builtin);
        }
    }

    private int ParseExtendedType(bool allowArguments)
    {
        byte c = Peek(1);
        int child;
        switch (c)
        {
            case (byte)'t' or (byte)'T':
                return Substitute(ParseDecltype());
            case (byte)'p':
                _at += 2;
                child = ParseType(allowArguments);
                return child == 0 ? 0 : Substitute(Make(Kind.PackExpansion, child));
            case (byte)'o' or (byte)'O' or (byte)'w' or (byte)'x':
                return Substitute(ParseFunctionType(0));
            case (byte)'v':
                _at += 2;
                int dimension;
                if (Take((byte)'_')) dimension = ParseExpression();
                else
                {
                    int start = _at;
                    dimension = Number(out _) ? Make(Kind.Source, x: start, y: _at - start) : 0;
                }
                if (dimension == 0 || !Take((byte)'_')) return 0;
                child = ParseType();
                return child == 0 ? 0 : Substitute(Make(Kind.Vector, child, dimension));
            case (byte)'F':
                _at += 2;
                int digits = _at;
                if (!Number(out _)) return 0;
                int bits = _at - digits;
                bool extended = Take((byte)'x');
                if (!extended && Take((byte)'b')) return Make(Kind.Builtin, x: Builtins.BFloat16);
                if (!extended && !Take((byte)'_')) return 0;
                return Make(Kind.BitInt, x: digits, y: bits, flags: (byte)(extended ? 3 : 2));
            case (byte)'B' or (byte)'U':
                _at += 2;
                int width = _at;
                if (!Number(out _)) return 0;
                int length = _at - width;
                return Take((byte)'_') ? Make(Kind.BitInt, x: width, y: length, flags: (byte)(c == 'U' ? 1 : 0)) : 0;
            default:
                int builtin = Builtins.FindExtended(c);
                if (builtin < 0) return 0;
                _at += 2;
                return Make(Kind.Builtin, x: builtin);
        }
    }

    private int ParseFunctionType(byte qualifiers)
    {
        int exception = 0;
        int mark = Mark();
        if (Take("Do"u8)) qualifiers |= Noexcept;
        else if (Take("DO"u8))
        {
            exception = ParseExpression();
            if (exception == 0 || !Take((byte)'E')) return 0;
            qualifiers |= Noexcept;
        }
        else if (Take("Dw"u8))
        {
            while (!Take((byte)'E'))
            {
                if (ParseType() == 0) return 0;
            }
        }
        Take("Dx"u8);
        if (!Take((byte)'F')) return 0;
        Take((byte)'Y');
        int returnType = ParseType();
        if (returnType == 0) return 0;
        while (true)
        {
            if (Take((byte)'E')) break;
            if (Peek() == 'v' && Peek(1) is (byte)'E' or (byte)'R' or (byte)'O')
            {
                _at++;
                continue;
            }
            if (Peek() is (byte)'R' or (byte)'O' && Peek(1) == 'E')
            {
                qualifiers |= Peek() == 'R' ? LeftRef : RightRef;
                _at += 2;
                break;
            }
            int type = ParseType();
            if (type == 0) return 0;
            _pending.Add(type);
        }
        return MakeList(Kind.FunctionType, mark, returnType, exception, flags: qualifiers);
    }

    private int ParseArray()
    {
        _at++;
        int dimension = 0;
        int start = _at;
        if (Number(out _)) dimension = Make(Kind.Source, x: start, y: _at - start);
        else if (Peek() != '_')
        {
            dimension = ParseExpression();
            if (dimension == 0) return 0;
        }
        if (!Take((byte)'_')) return 0;
        int element = ParseType();
        return element == 0 ? 0 : Make(Kind.Array, element, dimension);
    }
}
