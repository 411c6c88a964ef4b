namespace BinarySize.Attribution.Symbols;

internal ref partial struct ItaniumDemangler
{
    /// <summary>Number of the operator with a code of two letters; -1 where there is none.</summary>
    internal static int FindOperator(byte a, byte b) => Operators.Find(a, b);

    /// <summary>An operator as it is written, without "operator".</summary>
    internal static ReadOnlySpan<byte> OperatorText(int index) => Operators.TextOf(index).TrimEnd((byte)' ');

    /// <summary>How many operands it takes in an expression; 0 where it is written in a way of its own.</summary>
    internal static int OperatorOperands(int index) => Operators.OperandsOf(index);

    /// <summary>Words that stand for short codes.</summary>
    private static class Text
    {
        public const int Std = 1, Allocator = 2, BasicString = 3, String = 4, Istream = 5, Ostream = 6, Iostream = 7,
            FullString = 8, FullIstream = 9, FullOstream = 10, FullIostream = 11, Anonymous = 12, StringLiteral = 13, Complex = 14, Imaginary = 15, This = 16;

        public static ReadOnlySpan<byte> Of(int text) => text switch
        {
            Std => "std"u8,
            Allocator => "std::allocator"u8,
            BasicString => "std::basic_string"u8,
            String => "std::string"u8,
            Istream => "std::istream"u8,
            Ostream => "std::ostream"u8,
            Iostream => "std::iostream"u8,
            FullString => "std::basic_string<char, std::char_traits<char>, std::allocator<char> >"u8,
            FullIstream => "std::basic_istream<char, std::char_traits<char> >"u8,
            FullOstream => "std::basic_ostream<char, std::char_traits<char> >"u8,
            FullIostream => "std::basic_iostream<char, std::char_traits<char> >"u8,
            Anonymous => "(anonymous namespace)"u8,
            StringLiteral => "string literal"u8,
            Complex => " _Complex"u8,
            Imaginary => " _Imaginary"u8,
            _ => "this"u8,
        };

        /// <summary>What a constructor of it is called.</summary>
        public static ReadOnlySpan<byte> Base(int text) => text switch
        {
            String or FullString or BasicString => "basic_string"u8,
            Istream or FullIstream => "basic_istream"u8,
            Ostream or FullOstream => "basic_ostream"u8,
            Iostream or FullIostream => "basic_iostream"u8,
            Allocator => "allocator"u8,
            _ => Of(text),
        };
    }

    private static class Special
    {
        public const int Vtable = 0, Vtt = 1, TypeInfo = 2, TypeInfoName = 3, TypeInfoFunction = 4, Thunk = 5, VirtualThunk = 6, CovariantThunk = 7,
            TlsInit = 8, TlsWrapper = 9, TemplateParameterObject = 10, Guard = 11, HiddenAlias = 12, TransactionClone = 13, NonTransactionClone = 14;

        public static ReadOnlySpan<byte> Of(int special) => special switch
        {
            Vtable => "vtable for "u8,
            Vtt => "VTT for "u8,
            TypeInfo => "typeinfo for "u8,
            TypeInfoName => "typeinfo name for "u8,
            TypeInfoFunction => "typeinfo fn for "u8,
            Thunk => "non-virtual thunk to "u8,
            VirtualThunk => "virtual thunk to "u8,
            CovariantThunk => "covariant return thunk to "u8,
            TlsInit => "TLS init function for "u8,
            TlsWrapper => "TLS wrapper function for "u8,
            TemplateParameterObject => "template parameter object for "u8,
            Guard => "guard variable for "u8,
            HiddenAlias => "hidden alias for "u8,
            TransactionClone => "transaction clone for "u8,
            _ => "non-transaction clone for "u8,
        };
    }

    private static class Builtins
    {
        // One-letter codes first, in the order of their letters; then those after a 'D'.
        private const string Letters = "abcdefghijlmnostvwxyz", Extended = "cadefhinsu";
        private static readonly byte[][] s_names =
        [
            .. new[]
            {
                "signed char", "bool", "char", "double", "long double", "float", "__float128", "unsigned char", "int", "unsigned int", "long",
                "unsigned long", "__int128", "unsigned __int128", "short", "unsigned short", "void", "wchar_t", "long long", "unsigned long long", "...",
                "decltype(auto)", "auto", "decimal64", "decimal128", "decimal32", "half", "char32_t", "decltype(nullptr)", "char16_t", "char8_t",
                "std::bfloat16_t",
            }.Select(System.Text.Encoding.ASCII.GetBytes),
        ];

        public const int BFloat16 = 31;

        public static int Find(byte letter) => Letters.IndexOf((char)letter);

        public static int FindExtended(byte letter) => Extended.IndexOf((char)letter) is var i and >= 0 ? i + Letters.Length : -1;

        public static ReadOnlySpan<byte> NameOf(int builtin) => s_names[builtin];

        /// <summary>What follows a literal of the type; '?' where the type is written before it instead.</summary>
        public static ReadOnlySpan<byte> SuffixOf(int builtin) => builtin >= Letters.Length ? "?"u8 : Letters[builtin] switch
        {
            'i' => ""u8,
            'j' => "u"u8,
            'l' => "l"u8,
            'm' => "ul"u8,
            'x' => "ll"u8,
            'y' => "ull"u8,
            _ => "?"u8,
        };

        public static bool IsBool(int builtin) => builtin == 1;

        public static bool IsFloat(int builtin) => builtin is 3 or 4 or 5 or 6;
    }

    private static class Operators
    {
        // Code, number of operands (0: only as a name), text. Ordered by code, for a binary search.
        private static readonly (string Code, int Operands, string Text)[] s_all =
        [
            ("aN", 2, "&="), ("aS", 2, "="), ("aa", 2, "&&"), ("ad", 1, "&"), ("an", 2, "&"), ("at", 1, "alignof "), ("aw", 1, "co_await "), ("az", 1, "alignof "),
            ("cc", 2, "const_cast"), ("cl", 2, "()"), ("cm", 2, ","), ("co", 1, "~"), ("dV", 2, "/="), ("dX", 3, "[...]="), ("da", 1, "delete[] "), ("dc", 2, "dynamic_cast"), ("de", 1, "*"),
            ("di", 2, "="), ("dl", 1, "delete "), ("ds", 2, ".*"), ("dt", 2, "."), ("dv", 2, "/"), ("dx", 2, "]="), ("eO", 2, "^="), ("eo", 2, "^"), ("eq", 2, "=="),
            ("ge", 2, ">="), ("gs", 1, "::"), ("gt", 2, ">"), ("ix", 2, "[]"), ("lS", 2, "<<="), ("le", 2, "<="), ("ls", 2, "<<"), ("lt", 2, "<"),
            ("mI", 2, "-="), ("mL", 2, "*="), ("mi", 2, "-"), ("ml", 2, "*"), ("mm", 1, "--"), ("na", 3, "new[]"), ("ne", 2, "!="), ("ng", 1, "-"), ("nt", 1, "!"), ("nw", 3, "new"), ("nx", 1, "noexcept"),
            ("oR", 2, "|="), ("oo", 2, "||"), ("or", 2, "|"), ("pL", 2, "+="), ("pl", 2, "+"), ("pm", 2, "->*"), ("pp", 1, "++"), ("ps", 1, "+"), ("pt", 2, "->"),
            ("qu", 3, "?"), ("rM", 2, "%="), ("rS", 2, ">>="), ("rc", 2, "reinterpret_cast"), ("rm", 2, "%"), ("rs", 2, ">>"),
            ("sP", 1, "sizeof..."), ("sZ", 1, "sizeof..."), ("sc", 2, "static_cast"), ("ss", 2, "<=>"), ("st", 1, "sizeof "), ("sz", 1, "sizeof "),
            ("te", 1, "typeid "), ("ti", 1, "typeid "), ("tr", 0, "throw"), ("tw", 1, "throw "),
        ];

        private static readonly byte[][] s_texts = Array.ConvertAll(s_all, o => System.Text.Encoding.ASCII.GetBytes(o.Text));

        public static int Find(byte a, byte b)
        {
            int low = 0, high = s_all.Length - 1;
            while (low <= high)
            {
                int middle = (low + high) >>> 1;
                string code = s_all[middle].Code;
                int order = code[0] != a ? code[0] - a : code[1] - b;
                if (order == 0) return middle;
                if (order < 0) low = middle + 1;
                else high = middle - 1;
            }
            return -1;
        }

        public static ReadOnlySpan<byte> TextOf(int index) => s_texts[index];

        public static int OperandsOf(int index) => s_all[index].Operands;
    }
}
