namespace BinarySize.Attribution.Symbols;

internal ref partial struct ItaniumDemangler
{
    private int ParseExpression()
    {
        if (++_depth > MaxDepth) return 0;
        int result = ParseExpressionInner();
        _depth--;
        return result;
    }

    private int ParseExpressionInner()
    {
        byte a = Peek(), b = Peek(1);
        switch (a)
        {
            case (byte)'L':
                return ParseLiteral();
            case (byte)'T':
                return ParseTemplateParameter();
            case >= (byte)'0' and <= (byte)'9':
                return ParseUnresolvedBase();
            case (byte)'f' when b is (byte)'p' || (b == 'L' && Peek(2) is >= (byte)'0' and <= (byte)'9'):
                return ParseFunctionParameter();
            case (byte)'f' when b is (byte)'l' or (byte)'r' or (byte)'L' or (byte)'R':
                return ParseFold();
            case (byte)'u':
                _at++;
                int vendor = ParseSourceName();
                return vendor == 0 ? 0 : ParseArguments(Kind.Call, vendor);
        }
        if (a is < (byte)'a' or > (byte)'z') return 0;
        switch ((char)a, (char)b)
        {
            case ('g', 's'):
                _at += 2;
                return ParseExpression();
            case ('s', 'r'):
                return ParseUnresolved();
            case ('o', 'n'):
                _at += 2;
                int named = ParseOperatorName();
                return named != 0 && Peek() == 'I' ? ParseTemplate(named, tag: false) : named;
            case ('d', 'n'):
                _at += 2;
                int destroyed = Peek() is >= (byte)'0' and <= (byte)'9' ? ParseUnresolvedBase() : ParseType();
                return destroyed == 0 ? 0 : Make(Kind.UnresolvedDestructor, destroyed);
            case ('s', 'p'):
                _at += 2;
                int pattern = ParseExpression();
                return pattern == 0 ? 0 : Make(Kind.PackExpansion, pattern);
            case ('s', 'Z'):
                _at += 2;
                int pack = Peek() == 'T' ? ParseTemplateParameter() : ParseExpression();
                return pack == 0 ? 0 : Make(Kind.SizeOfPack, pack);
            case ('s', 'P'):
                _at += 2;
                int mark = Mark();
                while (!Take((byte)'E'))
                {
                    int argument = ParseTemplateArgument();
                    if (argument == 0) return 0;
                    _pending.Add(argument);
                }
                int elements = MakeList(Kind.Pack, mark);
                return elements == 0 ? 0 : Make(Kind.SizeOfPack, elements);
            case ('c', 'l'):
                _at += 2;
                int callee = ParseExpression();
                return callee == 0 ? 0 : ParseArguments(Kind.Call, callee);
            case ('c', 'v'):
                _at += 2;
                int target = ParseType(allowArguments: true);
                if (target == 0) return 0;
                if (Take((byte)'_')) return ParseArguments(Kind.Cast, target);
                int single = ParseExpression();
                if (single == 0) return 0;
                int one = Mark();
                _pending.Add(single);
                return MakeList(Kind.Cast, one, target);
            case ('t', 'l'):
                _at += 2;
                int initialized = ParseType();
                return initialized == 0 ? 0 : ParseArguments(Kind.InitializerList, initialized);
            case ('i', 'l'):
                _at += 2;
                return ParseArguments(Kind.InitializerList, 0);
            case ('s', 't') or ('a', 't') or ('t', 'i'):
                int ofType = Operators.Find(a, b);
                _at += 2;
                int type = ParseType();
                return type == 0 ? 0 : Make(Kind.Unary, Make(Kind.Wrapped, type), x: ofType);
            case ('d', 'c') or ('s', 'c') or ('c', 'c') or ('r', 'c'):
                int cast = Operators.Find(a, b);
                _at += 2;
                int to = ParseType();
                if (to == 0) return 0;
                int from = ParseExpression();
                return from == 0 ? 0 : Make(Kind.NamedCast, to, from, x: cast);
            case ('t', 'r'):
                _at += 2;
                return Make(Kind.Throw);
            case ('t', 'w'):
                _at += 2;
                int thrown = ParseExpression();
                return thrown == 0 ? 0 : Make(Kind.Throw, thrown);
            case ('n', 'w') or ('n', 'a'):
                return ParseNew();
            case ('m', 'm') or ('p', 'p'):
                int step = Operators.Find(a, b);
                _at += 2;
                bool prefix = Take((byte)'_');
                int stepped = ParseExpression();
                return stepped == 0 ? 0 : Make(prefix ? Kind.Unary : Kind.PostfixUnary, stepped, x: step);
            case ('d', 't') or ('p', 't'):
                int access = Operators.Find(a, b);
                _at += 2;
                int instance = ParseExpression();
                if (instance == 0) return 0;
                int member = Peek() is >= (byte)'0' and <= (byte)'9' ? ParseUnresolvedBase() : ParseExpression();
                return member == 0 ? 0 : Make(Kind.Binary, instance, member, x: access);
        }
        int index = Operators.Find(a, b);
        if (index < 0) return 0;
        _at += 2;
        switch (Operators.OperandsOf(index))
        {
            case 1:
                int operand = ParseExpression();
                return operand == 0 ? 0 : Make(Kind.Unary, operand, x: index);
            case 2:
                int left = ParseExpression();
                if (left == 0) return 0;
                int right = ParseExpression();
                if (right == 0) return 0;
                return a == 'i' ? Make(Kind.Subscript, left, right) : Make(Kind.Binary, left, right, x: index);
            case 3:
                int condition = ParseExpression();
                if (condition == 0) return 0;
                int then = ParseExpression();
                if (then == 0) return 0;
                int otherwise = ParseExpression();
                return otherwise == 0 ? 0 : Make(Kind.Conditional, condition, then, otherwise);
            default:
                return 0;
        }
    }

    // Expressions up to an 'E', as the list of a node.
    private int ParseArguments(Kind kind, int head)
    {
        int mark = Mark();
        while (!Take((byte)'E'))
        {
            int argument = ParseExpression();
            if (argument == 0) return 0;
            _pending.Add(argument);
        }
        return MakeList(kind, mark, head);
    }

    private int ParseFunctionParameter()
    {
        _at++;
        if (Take((byte)'L'))
        {
            if (!Number(out _)) return 0;
        }
        if (!Take((byte)'p')) return 0;
        if (Take((byte)'T')) return Make(Kind.Text, x: Text.This);
        ParseQualifiers();
        return Discriminated(out int index) ? Make(Kind.Parameter, x: index + 1) : 0;
    }

    private int ParseFold()
    {
        byte kind = Peek(1);
        _at += 2;
        int index = Operators.Find(Peek(), Peek(1));
        if (index < 0) return 0;
        _at += 2;
        int first = ParseExpression();
        if (first == 0) return 0;
        int second = 0;
        if (kind is (byte)'L' or (byte)'R')
        {
            second = ParseExpression();
            if (second == 0) return 0;
        }
        return Make(Kind.Fold, first, second, x: index, y: kind);
    }

    private int ParseNew()
    {
        bool array = Peek(1) == 'a';
        _at += 2;
        int mark = Mark();
        while (!Take((byte)'_'))
        {
            int placement = ParseExpression();
            if (placement == 0) return 0;
            _pending.Add(placement);
        }
        int type = ParseType();
        if (type == 0) return 0;
        int initializer = 0;
        if (Take("pi"u8))
        {
            initializer = ParseArguments(Kind.ExpressionPack, 0);
            if (initializer == 0) return 0;
        }
        else if (Peek() == 'i' && Peek(1) == 'l')
        {
            initializer = ParseExpression();
            if (initializer == 0) return 0;
        }
        else if (!Take((byte)'E')) return 0;
        return MakeList(Kind.New, mark, type, initializer, x: array ? 1 : 0);
    }

    private int ParseUnresolvedBase()
    {
        int name = ParseSourceName();
        if (name == 0) return 0;
        name = ParseTags(name);
        return name != 0 && Peek() == 'I' ? ParseTemplate(name, tag: false) : name;
    }

    private int ParseUnresolvedLast()
    {
        if (Peek() is >= (byte)'0' and <= (byte)'9') return ParseUnresolvedBase();
        if (Take("dn"u8))
        {
            int destroyed = Peek() is >= (byte)'0' and <= (byte)'9' ? ParseUnresolvedBase() : ParseType();
            return destroyed == 0 ? 0 : Make(Kind.UnresolvedDestructor, destroyed);
        }
        Take("on"u8);
        int name = ParseUnqualified(0);
        return name != 0 && Peek() == 'I' ? ParseTemplate(name, tag: false) : name;
    }

    private int ParseUnresolved()
    {
        _at += 2;
        int scope = 0;
        if (Peek() is >= (byte)'0' and <= (byte)'9')
        {
            // sr <level>+ E <base>; old compilers wrote a type where the levels stand.
            int start = _at;
            do
            {
                int level = ParseUnresolvedBase();
                if (level == 0) break;
                scope = scope == 0 ? level : Make(Kind.Nested, scope, level);
            }
            while (Peek() is >= (byte)'0' and <= (byte)'9');
            if (scope != 0 && Take((byte)'E'))
            {
                int last = Peek() is >= (byte)'0' and <= (byte)'9' ? ParseTags(ParseSourceName()) : ParseUnresolvedLast();
                if (last == 0) return 0;
                int qualified = Make(Kind.Nested, scope, last);
                return Peek() == 'I' && qualified != 0 ? ParseTemplate(qualified, tag: false) : qualified;
            }
            _at = start;
            scope = ParseType();
        }
        else if (Take((byte)'N'))
        {
            // srN <unresolved-type> <level>+ E <base>
            scope = ParseType();
            while (scope != 0 && !Take((byte)'E'))
            {
                int level = ParseUnresolvedBase();
                scope = level == 0 ? 0 : Make(Kind.Nested, scope, level);
            }
        }
        else scope = ParseType();
        if (scope == 0) return 0;
        int name = ParseUnresolvedLast();
        return name == 0 ? 0 : Make(Kind.Nested, scope, name);
    }

    private int ParseLiteral()
    {
        _at++;
        if (Peek() == '_' || Peek() == 'Z')
        {
            Take((byte)'_');
            if (!Take((byte)'Z')) return 0;
            int encoding = ParseEncoding();
            return encoding != 0 && Take((byte)'E') ? Make(Kind.EncodingReference, encoding) : 0;
        }
        int type = ParseType();
        if (type == 0) return 0;
        byte negative = 0;
        if (Take((byte)'n')) negative = 1;
        int start = _at;
        while (Peek() is not ((byte)'E' or 0)) _at++;
        int length = _at - start;
        if (!Take((byte)'E')) return 0;
        return Make(Kind.Literal, type, x: start, y: length, flags: negative);
    }
}
