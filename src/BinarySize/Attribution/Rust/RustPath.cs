using BinarySize.Attribution.Symbols;
using BinarySize.Mapping;

namespace BinarySize.Attribution.Rust;

/// <summary>Crate, modules, type and function of a Rust symbol; see <see cref="SymbolPath"/> for what belongs where.</summary>
internal static class RustPath
{
    private const int MaxJumps = 512;

    /// <summary>The path of a v0 name.</summary>
    public static bool TryParseV0(ReadOnlySpan<byte> mangled, SymbolPath path)
    {
        ReadOnlySpan<byte> body = RustV0Demangler.Body(mangled);
        if (body.IsEmpty) return false;
        var reader = new V0(body, path);
        reader.Path(0);
        if (reader.Failed || path.Count == 0) return false;
        if (!path.IsComplete && path.Count > 1) path.Complete();
        return true;
    }

    private ref struct V0(ReadOnlySpan<byte> body, SymbolPath path)
    {
        private readonly ReadOnlySpan<byte> _body = body;
        private readonly SymbolPath _path = path;
        private RustV0Cursor _cursor = new(body);
        private int _jumps;

        // The trait that the next function implements; empty where it implements none.
        private ReadOnlySpan<byte> _trait;

        public readonly bool Failed => _cursor.Failed;

        private bool Jump(int depth, out int next)
        {
            int target = _cursor.BackReference();
            next = _cursor.At;
            if (depth > RustV0Demangler.MaxDepth || ++_jumps > MaxJumps) _cursor.Fail();
            if (_cursor.Failed) return false;
            _cursor.At = target;
            return true;
        }

        // Names are data: "_" prefixes digits only. Punycode stays as it is mangled when it does not decode.
        private readonly void Add(OwnerKind kind, ReadOnlySpan<byte> name, bool punycode)
        {
            if (punycode)
            {
                TextBuffer scratch = _path.Scratch;
                scratch.Clear();
                if (RustV0Cursor.AppendIdentifier(name, punycode, scratch)) name = scratch.Written;
            }
            _path.Add(kind, name);
        }

        public void Path(int depth)
        {
            if (depth > RustV0Demangler.MaxDepth) _cursor.Fail();
            if (_cursor.Failed) return;
            switch (_cursor.Next())
            {
                case (byte)'C':
                    _cursor.Disambiguator();
                    ReadOnlySpan<byte> crate = _cursor.Identifier(out bool punycode);
                    Add(OwnerKind.Package, crate, punycode);
                    break;
                case (byte)'N':
                    byte space = _cursor.Next();
                    Path(depth + 1);
                    _cursor.Disambiguator();
                    ReadOnlySpan<byte> name = _cursor.Identifier(out punycode);
                    if (_cursor.Failed) break;
                    if (space is >= (byte)'A' and <= (byte)'Z') _path.Add(OwnerKind.Member, space == 'C' ? "{closure}"u8 : "{shim}"u8);
                    else if (space != 'v') Add(LooksLikeType(name) ? OwnerKind.Type : OwnerKind.Namespace, name, punycode);
                    else if (_trait.IsEmpty) Add(OwnerKind.Member, name, punycode);
                    else
                    {
                        TextBuffer scratch = _path.Scratch;
                        scratch.Clear();
                        scratch.Append(_trait);
                        scratch.Append("::"u8);
                        _path.AddMember(scratch.Written, name);
                    }
                    break;
                case (byte)'M':
                    _cursor.Disambiguator();
                    Path(depth + 1);
                    AddSelf(depth + 1);
                    break;
                case (byte)'X':
                    _cursor.Disambiguator();
                    Path(depth + 1);
                    AddSelf(depth + 1);
                    ReadOnlySpan<byte> trait = LastName(depth + 1);
                    if (!_path.IsComplete) _trait = trait;
                    break;
                case (byte)'Y':
                    // A function that the trait itself provides.
                    _cursor.SkipType(depth + 1);
                    Path(depth + 1);
                    if (!_path.IsComplete && _path.Count > 1) _path.SetKind(_path.Count - 1, OwnerKind.Type);
                    break;
                case (byte)'I':
                    Path(depth + 1);
                    _cursor.SkipArguments(depth);
                    break;
                case (byte)'B':
                    if (Jump(depth, out int next))
                    {
                        Path(depth + 1);
                        _cursor.At = next;
                    }
                    break;
                default:
                    _cursor.Fail();
                    break;
            }
        }

        // The type that an impl is for, as a component.
        private void AddSelf(int depth)
        {
            ReadOnlySpan<byte> name = TypeName(depth);
            if (!_cursor.Failed) _path.Add(OwnerKind.Type, name);
        }

        private ReadOnlySpan<byte> TypeName(int depth)
        {
            if (depth > RustV0Demangler.MaxDepth) _cursor.Fail();
            byte tag = _cursor.Peek();
            ReadOnlySpan<byte> simple = RustV0Demangler.BasicType(tag);
            if (simple.IsEmpty)
            {
                simple = tag switch
                {
                    (byte)'R' => "&"u8,
                    (byte)'Q' => "&mut"u8,
                    (byte)'P' => "*const"u8,
                    (byte)'O' => "*mut"u8,
                    (byte)'S' or (byte)'A' => "[]"u8,
                    (byte)'T' => "(,)"u8,
                    (byte)'F' => "fn"u8,
                    (byte)'D' => "dyn"u8,
                    _ => default,
                };
            }
            if (!simple.IsEmpty)
            {
                _cursor.SkipType(depth);
                return simple;
            }
            if (tag != 'B') return LastName(depth);
            _cursor.Next();
            ReadOnlySpan<byte> name = default;
            if (Jump(depth, out int next))
            {
                name = TypeName(depth + 1);
                _cursor.At = next;
            }
            return name;
        }

        // The last identifier of a path.
        private ReadOnlySpan<byte> LastName(int depth)
        {
            if (depth > RustV0Demangler.MaxDepth) _cursor.Fail();
            ReadOnlySpan<byte> name = default;
            switch (_cursor.Next())
            {
                case (byte)'C':
                    _cursor.Disambiguator();
                    return _cursor.Identifier(out _);
                case (byte)'N':
                    byte space = _cursor.Next();
                    _cursor.SkipPath(depth + 1);
                    _cursor.Disambiguator();
                    name = _cursor.Identifier(out _);
                    return space == 'C' ? "{closure}"u8 : name;
                case (byte)'I':
                    name = LastName(depth + 1);
                    _cursor.SkipArguments(depth);
                    return name;
                case (byte)'B':
                    if (Jump(depth, out int next))
                    {
                        name = LastName(depth + 1);
                        _cursor.At = next;
                    }
                    return name;
                default:
                    _cursor.At--;
                    _cursor.SkipPath(depth);
                    return "impl"u8;
            }
        }
    }

    // Rust's naming rule, which the compiler warns about: types in CamelCase, modules in snake_case.
    private static bool LooksLikeType(ReadOnlySpan<byte> name) => !name.IsEmpty && name[0] is >= (byte)'A' and <= (byte)'Z';

    /// <summary>The path of a legacy name.</summary>
    public static bool TryParseLegacy(ReadOnlySpan<byte> mangled, SymbolPath path)
    {
        int hash = RustLegacyName.HashStart(mangled);
        if (hash < 0) return false;
        TextBuffer scratch = path.Scratch;
        int at = 3;
        TextBuffer trait = path.Trait;
        trait.Clear();
        bool any = false;
        while (!path.IsComplete && RustLegacyName.TryNext(mangled, hash, ref at, out ReadOnlySpan<byte> component))
        {
            bool last = IsLast(mangled, hash, at);
            if (component.IndexOfAny((byte)'$', (byte)'.') < 0)
            {
                if (last && trait.Length == 0) path.Add(OwnerKind.Member, component);
                else if (last)
                {
                    scratch.Clear();
                    scratch.Append(trait.Written);
                    scratch.Append("::"u8);
                    path.AddMember(scratch.Written, component);
                }
                else path.Add(any ? LooksLikeType(component) ? OwnerKind.Type : OwnerKind.Namespace : OwnerKind.Package, component);
                any = true;
                continue;
            }
            scratch.Clear();
            RustLegacyName.Unescape(component, scratch);
            ReadOnlySpan<byte> text = scratch.Written;
            if (text.StartsWith("<impl "u8))
            {
                // <impl Trait for Type> or <impl Type>, below the module that it stands in.
                text = Inner(text[6..]);
                int infix = Infix(text, " for "u8);
                if (infix >= 0)
                {
                    trait.Append(LastSegment(text[..infix]));
                    text = text[(infix + 5)..];
                }
                if (!any) AddCrateOf(text, path);
                path.Add(OwnerKind.Type, LastSegment(text));
            }
            else if (text.StartsWith("<"u8))
            {
                // <Type as Trait>, or <Type>, at the start.
                text = Inner(text[1..]);
                int infix = Infix(text, " as "u8);
                if (infix < 0)
                {
                    AddScopeOf(text, path);
                    path.Add(OwnerKind.Type, LastSegment(text));
                }
                else
                {
                    ReadOnlySpan<byte> type = text[..infix], ofTrait = text[(infix + 4)..];
                    if (IsPath(type) && !(IsStandard(type) && !IsStandard(ofTrait)))
                    {
                        trait.Append(LastSegment(ofTrait));
                        AddScopeOf(type, path);
                        path.Add(OwnerKind.Type, LastSegment(type));
                    }
                    else
                    {
                        AddScopeOf(ofTrait, path);
                        path.Add(OwnerKind.Type, LastSegment(ofTrait));
                    }
                }
            }
            else if (text.StartsWith("{"u8))
            {
                // {{closure}}, {{constant}}: their function has been added, or they stand by themselves.
                if (path.Count > 1) path.Complete();
                else path.Add(OwnerKind.Member, text);
            }
            else
            {
                int generics = text.IndexOf((byte)'<');
                ReadOnlySpan<byte> name = generics > 0 ? text[..generics] : text;
                path.Add(last ? OwnerKind.Member : any ? OwnerKind.Type : OwnerKind.Package, name);
            }
            any = true;
        }
        if (!path.IsComplete && path.Count > 1) path.Complete();
        return path.Count > 0;
    }

    // True where only closures follow: what stands before them is the function.
    private static bool IsLast(ReadOnlySpan<byte> mangled, int hash, int at) =>
        !RustLegacyName.TryNext(mangled, hash, ref at, out ReadOnlySpan<byte> next) || next.StartsWith("_$u7b$"u8) || next.StartsWith("$u7b$"u8);

    // Up to the '>' that closes.
    private static ReadOnlySpan<byte> Inner(ReadOnlySpan<byte> text) => text.EndsWith(">"u8) ? text[..^1] : text;

    // Where a word stands outside of all brackets; -1 where it does not.
    private static int Infix(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            byte c = text[i];
            if (c is (byte)'<' or (byte)'(' or (byte)'[') depth++;
            else if (c is (byte)')' or (byte)']' || (c == '>' && i > 0 && text[i - 1] != '-')) depth--;
            else if (c == ' ' && depth == 0 && text[i..].StartsWith(word)) return i;
        }
        return -1;
    }

    // a::b::C<…>: without references, without arguments.
    private static ReadOnlySpan<byte> Plain(ReadOnlySpan<byte> type)
    {
        if (type.StartsWith("dyn "u8)) type = type[4..];
        int end = type.IndexOfAny("<+ "u8);
        return end >= 0 ? type[..end] : type;
    }

    private static bool IsPath(ReadOnlySpan<byte> type)
    {
        ReadOnlySpan<byte> plain = Plain(type);
        return plain.IndexOf("::"u8) > 0 && plain[0] is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') or (byte)'_';
    }

    private static bool IsStandard(ReadOnlySpan<byte> path) =>
        path.StartsWith("core::"u8) || path.StartsWith("alloc::"u8) || path.StartsWith("std::"u8);

    private static ReadOnlySpan<byte> LastSegment(ReadOnlySpan<byte> type)
    {
        if (!IsPath(type))
        {
            int generics = type.IndexOf((byte)'<');
            return generics > 0 ? type[..generics] : type;
        }
        ReadOnlySpan<byte> plain = Plain(type);
        return plain[(plain.LastIndexOf("::"u8) + 2)..];
    }

    private static void AddCrateOf(ReadOnlySpan<byte> type, SymbolPath path)
    {
        if (IsPath(type)) path.Add(OwnerKind.Package, type[..type.IndexOf("::"u8)]);
    }

    // Crate and modules of a type or trait; primitives are core's.
    private static void AddScopeOf(ReadOnlySpan<byte> type, SymbolPath path)
    {
        if (!IsPath(type))
        {
            path.Add(OwnerKind.Package, "core"u8);
            return;
        }
        ReadOnlySpan<byte> plain = Plain(type);
        for (bool first = true; plain.IndexOf("::"u8) is var end and >= 0; first = false)
        {
            path.Add(first ? OwnerKind.Package : OwnerKind.Namespace, plain[..end]);
            plain = plain[(end + 2)..];
        }
    }
}
