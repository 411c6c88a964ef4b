namespace BinarySize.Attribution.Symbols;

internal ref partial struct ItaniumDemangler
{
    private readonly ReadOnlySpan<byte> Source(int start, int length) => _s.Slice(start, length);

    private void Print(int node)
    {
        PrintLeft(node);
        PrintRight(node);
    }

    private bool Enter()
    {
        if (++_steps > MaxSteps || _printDepth > MaxDepth * 4 || _out.Overflowed)
        {
            _steps = MaxSteps + 1;
            return false;
        }
        _printDepth++;
        return true;
    }

    // What a reference into a pack stands for just now, so that declarators see arrays and functions in it.
    private int Resolve(int node)
    {
        for (int i = 0; i < MaxDepth; i++)
        {
            ref Node n = ref At(node);
            if (n.Kind == Kind.PackReference && _element >= 0 && _element < At(n.A).ListCount) node = _lists[At(n.A).ListStart + _element];
            else if (n.Kind == Kind.Bound && n.A != 0) node = n.A;
            else return node;
        }
        return 0;
    }

    private bool IsFunction(int node) => At(Resolve(node)).Kind == Kind.FunctionType;

    private bool IsArray(int node)
    {
        ref Node n = ref At(Resolve(node));
        return n.Kind == Kind.Array || (n.Kind == Kind.Qualified && At(Resolve(n.A)).Kind == Kind.Array);
    }

    private void PrintLeft(int node)
    {
        if (node == 0 || !Enter()) return;
        Node n = At(node);
        switch (n.Kind)
        {
            case Kind.Source:
                _out.Append(Source(n.X, n.Y));
                break;
            case Kind.Text:
                _out.Append(Text.Of(n.X));
                break;
            case Kind.Nested:
                Print(n.A);
                _out.Append("::"u8);
                Print(n.B);
                break;
            case Kind.Local:
                PrintScope(n.A);
                _out.Append("::"u8);
                Print(n.B);
                break;
            case Kind.DefaultArgument:
                _out.Append("{default arg#"u8);
                _out.Append((ulong)n.X);
                _out.Append("}::"u8);
                Print(n.A);
                break;
            case Kind.Template:
                Print(n.A);
                if (_out.Last == '<') _out.Append((byte)' ');
                _out.Append((byte)'<');
                bool dropped = PrintList(n);
                if (_out.Last == '>' && !dropped) _out.Append((byte)' ');
                _out.Append((byte)'>');
                break;
            case Kind.Tagged:
                Print(n.A);
                _out.Append("[abi:"u8);
                _out.Append(Source(n.X, n.Y));
                _out.Append((byte)']');
                break;
            case Kind.Constructor:
                PrintBase(n.A);
                break;
            case Kind.Destructor:
                _out.Append((byte)'~');
                PrintBase(n.A);
                break;
            case Kind.UnresolvedDestructor:
                _out.Append((byte)'~');
                Print(n.A);
                break;
            case Kind.Conversion:
                _out.Append("operator "u8);
                Print(n.A);
                break;
            case Kind.Operator:
                _out.Append("operator"u8);
                ReadOnlySpan<byte> text = Operators.TextOf(n.X);
                if (text[0] is >= (byte)'a' and <= (byte)'z') _out.Append((byte)' ');
                _out.Append(text.TrimEnd((byte)' '));
                break;
            case Kind.LiteralOperator:
                _out.Append("operator\"\" "u8);
                Print(n.A);
                break;
            case Kind.Lambda:
                _out.Append("{lambda("u8);
                PrintList(n);
                _out.Append(")#"u8);
                _out.Append((ulong)n.X);
                _out.Append((byte)'}');
                break;
            case Kind.Unnamed:
                _out.Append("{unnamed type#"u8);
                _out.Append((ulong)n.X);
                _out.Append((byte)'}');
                break;
            case Kind.Structured:
                _out.Append((byte)'[');
                PrintList(n);
                _out.Append((byte)']');
                break;
            case Kind.Function:
                if (n.B != 0)
                {
                    PrintLeft(n.B);
                    if (!IsFunction(n.B) && !IsDeclaratorOpen(n.B)) _out.Append((byte)' ');
                }
                Print(n.A);
                _out.Append((byte)'(');
                PrintList(n);
                _out.Append((byte)')');
                if (n.B != 0) PrintRight(n.B);
                PrintQualifiers(n.Flags);
                break;
            case Kind.Special:
                _out.Append(Special.Of(n.X));
                Print(n.A);
                break;
            case Kind.ConstructionVtable:
                _out.Append("construction vtable for "u8);
                Print(n.A);
                _out.Append("-in-"u8);
                Print(n.B);
                break;
            case Kind.ReferenceTemporary:
                _out.Append("reference temporary #"u8);
                _out.Append((ulong)n.X);
                _out.Append(" for "u8);
                Print(n.A);
                break;
            case Kind.Clone:
                Print(n.A);
                _out.Append(" [clone "u8);
                _out.Append(Source(n.X, n.Y));
                _out.Append((byte)']');
                break;
            case Kind.Builtin:
                _out.Append(Builtins.NameOf(n.X));
                break;
            case Kind.BitInt:
                _out.Append(n.Flags switch { 0 => "signed _BitInt("u8, 1 => "unsigned _BitInt("u8, _ => "_Float"u8 });
                _out.Append(Source(n.X, n.Y));
                if (n.Flags == 3) _out.Append((byte)'x');
                else if (n.Flags < 2) _out.Append((byte)')');
                break;
            case Kind.Pointer:
                PrintDeclarator(n.A);
                _out.Append((byte)'*');
                break;
            case Kind.LeftReference or Kind.RightReference:
                (int target, bool left) = Collapse(node);
                PrintDeclarator(target);
                _out.Append(left ? "&"u8 : "&&"u8);
                break;
            case Kind.Qualified:
                PrintLeft(n.A);
                PrintQualifiers((byte)(n.Flags & ~QualifiersOf(n.A)));
                break;
            case Kind.VendorQualified:
                PrintLeft(n.A);
                _out.Append((byte)' ');
                Print(n.B);
                break;
            case Kind.Suffixed:
                PrintLeft(n.A);
                _out.Append(Text.Of(n.X));
                break;
            case Kind.FunctionType:
                PrintLeft(n.A);
                if (!IsDeclaratorOpen(n.A)) _out.Append((byte)' ');
                break;
            case Kind.Array:
                PrintLeft(n.A);
                break;
            case Kind.MemberPointer:
                if (IsFunction(n.B))
                {
                    PrintLeft(n.B);
                    _out.Append((byte)'(');
                }
                else
                {
                    PrintLeft(n.B);
                    _out.Append(IsArray(n.B) ? " ("u8 : " "u8);
                }
                Print(n.A);
                _out.Append("::*"u8);
                break;
            case Kind.Vector:
                PrintLeft(n.A);
                _out.Append(" __vector("u8);
                Print(n.B);
                _out.Append((byte)')');
                break;
            case Kind.Pack:
                PrintList(n);
                break;
            case Kind.PackReference:
                int element = Resolve(node);
                if (element != node) PrintLeft(element);
                else PrintList(At(n.A));
                break;
            case Kind.Bound:
                PrintLeft(n.A);
                break;
            case Kind.PackExpansion:
                PrintExpansion(n.A);
                break;
            case Kind.Auto:
                _out.Append("auto:"u8);
                _out.Append((ulong)n.X);
                break;
            case Kind.Decltype:
                _out.Append("decltype ("u8);
                Print(n.A);
                _out.Append((byte)')');
                break;
            default:
                PrintExpression(n);
                break;
        }
        _printDepth--;
    }

    // A return type that itself is a pointer to a function ends in "(*": nothing goes between it and the name.
    private bool IsDeclaratorOpen(int type)
    {
        for (int i = 0; i < MaxDepth; i++)
        {
            type = Resolve(type);
            ref Node n = ref At(type);
            switch (n.Kind)
            {
                case Kind.Pointer or Kind.LeftReference or Kind.RightReference:
                    if (IsFunction(n.A) || IsArray(n.A)) return true;
                    type = n.A;
                    break;
                case Kind.MemberPointer:
                    if (IsFunction(n.B)) return true;
                    return false;
                case Kind.Qualified:
                    type = n.A;
                    break;
                default:
                    return false;
            }
        }
        return false;
    }

    private void PrintDeclarator(int pointee)
    {
        PrintLeft(pointee);
        if (IsFunction(pointee)) _out.Append((byte)'(');
        else if (IsArray(pointee)) _out.Append(" ("u8);
    }

    private void PrintRight(int node)
    {
        if (node == 0 || !Enter()) return;
        Node n = At(node);
        switch (n.Kind)
        {
            case Kind.Pointer:
                if (IsFunction(n.A) || IsArray(n.A)) _out.Append((byte)')');
                PrintRight(n.A);
                break;
            case Kind.LeftReference or Kind.RightReference:
                (int target, _) = Collapse(node);
                if (IsFunction(target) || IsArray(target)) _out.Append((byte)')');
                PrintRight(target);
                break;
            case Kind.MemberPointer:
                if (IsFunction(n.B) || IsArray(n.B)) _out.Append((byte)')');
                PrintRight(n.B);
                break;
            case Kind.Qualified or Kind.VendorQualified or Kind.Suffixed:
                PrintRight(n.A);
                break;
            case Kind.Vector:
                PrintRight(n.A);
                break;
            case Kind.FunctionType:
                _out.Append((byte)'(');
                PrintList(n);
                _out.Append((byte)')');
                PrintQualifiers((byte)(n.Flags & ~Noexcept));
                if ((n.Flags & Noexcept) != 0)
                {
                    _out.Append(" noexcept"u8);
                    if (n.B != 0)
                    {
                        _out.Append((byte)'(');
                        Print(n.B);
                        _out.Append((byte)')');
                    }
                }
                PrintRight(n.A);
                break;
            case Kind.Array:
                if (_out.Last != ']') _out.Append((byte)' ');
                _out.Append((byte)'[');
                Print(n.B);
                _out.Append((byte)']');
                PrintRight(n.A);
                break;
            case Kind.PackReference:
                int element = Resolve(node);
                if (element != node) PrintRight(element);
                break;
            case Kind.Bound:
                PrintRight(n.A);
                break;
        }
        _printDepth--;
    }

    private byte QualifiersOf(int node)
    {
        ref Node n = ref At(Resolve(node));
        return n.Kind == Kind.Qualified ? n.Flags : (byte)0;
    }

    private void PrintQualifiers(byte flags)
    {
        if ((flags & Const) != 0) _out.Append(" const"u8);
        if ((flags & Volatile) != 0) _out.Append(" volatile"u8);
        if ((flags & Restrict) != 0) _out.Append(" restrict"u8);
        if ((flags & LeftRef) != 0) _out.Append(" &"u8);
        if ((flags & RightRef) != 0) _out.Append(" &&"u8);
    }

    // References to references become one; a left one always wins.
    private (int Target, bool Left) Collapse(int node)
    {
        bool left = false;
        for (int i = 0; i < MaxDepth; i++)
        {
            node = Resolve(node);
            ref Node n = ref At(node);
            if (n.Kind == Kind.LeftReference) left = true;
            else if (n.Kind != Kind.RightReference) break;
            node = n.A;
        }
        return (node, left);
    }

    // True where the last item was an empty pack behind others: GNU tools then write ">>" without a space.
    private bool PrintList(in Node n)
    {
        int saved = _element;
        if (n.Kind == Kind.Pack) _element = -1;
        int start = _out.Length;
        bool dropped = false;
        for (int i = 0; i < n.ListCount; i++)
        {
            int before = _out.Length;
            if (before > start) _out.Append(", "u8);
            int item = _out.Length;
            Print(_lists[n.ListStart + i]);
            // An empty pack leaves no trace, not even its comma.
            dropped = _out.Length == item && before > start;
            if (_out.Length == item) _out.Truncate(before);
            if (_steps > MaxSteps) break;
        }
        _element = saved;
        return dropped;
    }

    private void PrintExpansion(int pattern)
    {
        int pack = FindPack(pattern, 0);
        if (pack == 0)
        {
            PrintOperand(pattern);
            _out.Append("..."u8);
            return;
        }
        int count = At(pack).ListCount, saved = _element, start = _out.Length;
        for (int i = 0; i < count; i++)
        {
            int before = _out.Length;
            if (before > start) _out.Append(", "u8);
            int item = _out.Length;
            _element = i;
            Print(pattern);
            if (_out.Length == item) _out.Truncate(before);
            if (_steps > MaxSteps) break;
        }
        _element = saved;
    }

    // The first pack that a pattern names.
    private int FindPack(int node, int depth)
    {
        if (node == 0 || depth > MaxDepth || ++_steps > MaxSteps) return 0;
        Node n = At(node);
        if (n.Kind == Kind.PackReference) return n.A;
        if (n.Kind is Kind.Source or Kind.Text or Kind.Builtin or Kind.Literal or Kind.Pack) return n.Kind == Kind.Literal ? FindPack(n.A, depth + 1) : 0;
        int found = FindPack(n.A, depth + 1);
        if (found == 0) found = FindPack(n.B, depth + 1);
        if (found == 0) found = FindPack(n.C, depth + 1);
        for (int i = 0; found == 0 && i < n.ListCount; i++) found = FindPack(_lists[n.ListStart + i], depth + 1);
        return found;
    }

    // A function as the scope of something: without what it returns.
    private void PrintScope(int encoding)
    {
        Node n = At(encoding);
        if (n.Kind != Kind.Function || !Enter())
        {
            Print(encoding);
            return;
        }
        Print(n.A);
        _out.Append((byte)'(');
        PrintList(n);
        _out.Append((byte)')');
        PrintQualifiers(n.Flags);
        _printDepth--;
    }

    // The last component of a class's name, which its constructors repeat.
    private void PrintBase(int node)
    {
        for (int i = 0; i < MaxDepth; i++)
        {
            Node n = At(node);
            switch (n.Kind)
            {
                case Kind.Nested or Kind.Local:
                    // A constructor of something unnamed is called after the class around it.
                    node = At(n.B).Kind is Kind.Unnamed && n.Kind == Kind.Nested ? n.A : n.B;
                    continue;
                case Kind.Template or Kind.Tagged or Kind.Bound:
                    node = n.A;
                    continue;
                case Kind.Text:
                    _out.Append(Text.Base(n.X));
                    return;
                default:
                    Print(node);
                    return;
            }
        }
    }

    private void PrintOperand(int node)
    {
        Node n = At(Resolve(node));
        bool simple = n.Kind is Kind.Source or Kind.Text or Kind.Nested or Kind.Parameter or Kind.Wrapped or Kind.InitializerList or Kind.Builtin
            || (n.Kind == Kind.EncodingReference && At(n.A).Kind is Kind.Source or Kind.Nested);
        if (!simple) _out.Append((byte)'(');
        Print(node);
        if (!simple) _out.Append((byte)')');
    }

    // Functions that are called are named without their signature.
    private void PrintCallee(int node)
    {
        Node n = At(node);
        if (n.Kind == Kind.EncodingReference && At(n.A).Kind == Kind.Function)
        {
            Print(At(n.A).A);
            return;
        }
        PrintOperand(node);
    }

    private void PrintExpression(in Node n)
    {
        switch (n.Kind)
        {
            case Kind.Literal:
                PrintLiteral(n);
                break;
            case Kind.EncodingReference:
                Print(n.A);
                break;
            case Kind.Parameter:
                _out.Append("{parm#"u8);
                _out.Append((ulong)n.X);
                _out.Append((byte)'}');
                break;
            case Kind.Wrapped:
                _out.Append((byte)'(');
                Print(n.A);
                _out.Append((byte)')');
                break;
            case Kind.Unary:
                ReadOnlySpan<byte> text = Operators.TextOf(n.X);
                _out.Append(text);
                // The address of a plain member function is written without its signature.
                ref Node target = ref At(n.A);
                bool plain = target.Kind == Kind.EncodingReference && At(target.A) is { Kind: Kind.Function, B: 0, Flags: 0 } function && At(function.A).Kind == Kind.Nested;
                if (plain && text.SequenceEqual("&"u8)) PrintCallee(n.A);
                else PrintOperand(n.A);
                break;
            case Kind.PostfixUnary:
                PrintOperand(n.A);
                _out.Append(Operators.TextOf(n.X));
                break;
            case Kind.Binary:
                // "a > b" among template arguments would end them.
                bool greater = Operators.TextOf(n.X).SequenceEqual(">"u8);
                if (greater) _out.Append((byte)'(');
                PrintOperand(n.A);
                _out.Append(Operators.TextOf(n.X));
                PrintOperand(n.B);
                if (greater) _out.Append((byte)')');
                break;
            case Kind.Subscript:
                PrintOperand(n.A);
                _out.Append((byte)'[');
                Print(n.B);
                _out.Append((byte)']');
                break;
            case Kind.Conditional:
                PrintOperand(n.A);
                _out.Append((byte)'?');
                PrintOperand(n.B);
                _out.Append(" : "u8);
                PrintOperand(n.C);
                break;
            case Kind.Call:
                PrintCallee(n.A);
                _out.Append((byte)'(');
                PrintList(n);
                _out.Append((byte)')');
                break;
            case Kind.Cast:
                _out.Append((byte)'(');
                Print(n.A);
                _out.Append(")("u8);
                PrintList(n);
                _out.Append((byte)')');
                break;
            case Kind.NamedCast:
                _out.Append(Operators.TextOf(n.X));
                _out.Append((byte)'<');
                Print(n.A);
                if (_out.Last == '>') _out.Append((byte)' ');
                _out.Append(">("u8);
                Print(n.B);
                _out.Append((byte)')');
                break;
            case Kind.InitializerList:
                if (n.A != 0) Print(n.A);
                _out.Append((byte)'{');
                PrintList(n);
                _out.Append((byte)'}');
                break;
            case Kind.SizeOfPack:
                _out.Append((ulong)PackLength(n.A));
                break;
            case Kind.Throw:
                _out.Append("throw"u8);
                if (n.A == 0) break;
                _out.Append((byte)' ');
                Print(n.A);
                break;
            case Kind.New:
                _out.Append("new"u8);
                if (n.ListCount > 0)
                {
                    _out.Append(" ("u8);
                    PrintList(n);
                    _out.Append((byte)')');
                }
                _out.Append((byte)' ');
                Print(n.A);
                if (n.X != 0) _out.Append("[]"u8);
                if (n.B != 0) Print(n.B);
                break;
            case Kind.ExpressionPack:
                _out.Append((byte)'(');
                PrintList(n);
                _out.Append((byte)')');
                break;
            case Kind.Fold:
                _out.Append((byte)'(');
                if (n.Y == 'l') _out.Append("..."u8);
                else PrintOperand(n.A);
                _out.Append(Operators.TextOf(n.X));
                if (n.Y == 'l') PrintOperand(n.A);
                else _out.Append("..."u8);
                if (n.B != 0)
                {
                    _out.Append(Operators.TextOf(n.X));
                    PrintOperand(n.B);
                }
                _out.Append((byte)')');
                break;
        }
    }

    private int PackLength(int node)
    {
        Node n = At(Resolve(node));
        if (n.Kind == Kind.PackReference) n = At(n.A);
        if (n.Kind != Kind.Pack) return 1;
        int count = 0;
        for (int i = 0; i < n.ListCount; i++)
        {
            Node element = At(_lists[n.ListStart + i]);
            count += element.Kind == Kind.PackExpansion && FindPack(element.A, 0) is var pack and not 0 ? At(pack).ListCount : 1;
        }
        return count;
    }

    private void PrintLiteral(in Node n)
    {
        Node type = At(Resolve(n.A));
        ReadOnlySpan<byte> value = Source(n.X, n.Y);
        if (type.Kind == Kind.Builtin)
        {
            if (Builtins.IsBool(type.X) && n.Flags == 0 && value.Length == 1 && value[0] is (byte)'0' or (byte)'1')
            {
                _out.Append(value[0] == '1' ? "true"u8 : "false"u8);
                return;
            }
            ReadOnlySpan<byte> suffix = Builtins.SuffixOf(type.X);
            if (!suffix.SequenceEqual("?"u8))
            {
                if (n.Flags != 0) _out.Append((byte)'-');
                _out.Append(value);
                _out.Append(suffix);
                return;
            }
        }
        _out.Append((byte)'(');
        Print(n.A);
        _out.Append((byte)')');
        if (n.Flags != 0) _out.Append((byte)'-');
        bool isFloat = type.Kind == Kind.Builtin && Builtins.IsFloat(type.X);
        if (isFloat) _out.Append((byte)'[');
        // nullptr is written without a value, and printed as zero.
        if (value.IsEmpty) _out.Append((byte)'0');
        else _out.Append(value);
        if (isFloat) _out.Append((byte)']');
    }
}
