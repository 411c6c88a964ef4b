using BinarySize.Attribution.Rust;
using BinarySize.Mapping;

namespace BinarySize.Attribution.Symbols;

/// <summary>
/// Where in a program a linker symbol belongs, taken from its mangled name without demangling all of it: Rust crate and
/// modules, C++ namespaces and classes, type, function. Template and generic arguments are left out, so that all
/// instantiations of a function share one path. Reused from name to name: it allocates nothing.
/// </summary>
/// <remarks>
/// What goes where:
/// a generic belongs to the crate or namespace that defines it, not to its arguments';
/// closures, lambdas, local statics, and what else is inside a function belong to the function;
/// vtables, type information and guards belong to what they are made for, thunks to the function they lead to.
/// Rust v0 says where an impl stands, and that is the crate that it goes to. Legacy names only say <c>&lt;T as Trait&gt;</c>:
/// they go to T's crate, or to the trait's where T is no path or comes from core, alloc or std and the trait does not,
/// since only the trait's crate can have written that impl.
/// </remarks>
public sealed class SymbolPath
{
    // Deeper ones are not written by people.
    private const int MaxComponents = 48;

    private readonly record struct Component(OwnerKind Kind, int Start, int Length);

    private readonly Component[] _components = new Component[MaxComponents];
    private readonly TextBuffer _text = new();

    /// <summary>Scratch for names that must be unescaped before they can be taken apart.</summary>
    internal TextBuffer Scratch { get; } = new();

    /// <summary>Name of the trait that the next function implements.</summary>
    internal TextBuffer Trait { get; } = new();

    /// <summary>Number of components, outermost first.</summary>
    public int Count { get; private set; }

    /// <summary>True once the function is reached: what is inside of it adds nothing.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>
    /// Package (crate), Namespace, Type or Member. A C++ scope is a Namespace unless this very name shows it to be a class;
    /// other names can show more (<see cref="SymbolAttribution"/> puts that together).
    /// </summary>
    public OwnerKind KindOf(int index) => _components[Checked(index)].Kind;

    /// <summary>The component's name; valid until the next <see cref="TryParse"/>.</summary>
    public ReadOnlySpan<byte> NameOf(int index) => _text.Written.Slice(_components[Checked(index)].Start, _components[index].Length);

    /// <summary>Takes a symbol's name apart. False where it is not mangled, or names nothing that has a path.</summary>
    public bool TryParse(ReadOnlySpan<byte> mangled)
    {
        Clear();
        // Mach-O puts an underscore before every name.
        if (mangled.StartsWith("__Z"u8) || mangled.StartsWith("__R"u8)) mangled = mangled[1..];
        if (mangled.Length < 4 || mangled[0] != '_') return false;
        bool parsed = mangled[1] switch
        {
            (byte)'R' => RustPath.TryParseV0(mangled, this),
            (byte)'Z' => RustPath.TryParseLegacy(mangled, this) || ItaniumPath.TryParse(mangled, this),
            _ => false,
        };
        return parsed && Count > 0 && !_text.Overflowed;
    }

    internal void Clear()
    {
        Count = 0;
        IsComplete = false;
        _text.Clear();
    }

    internal void Add(OwnerKind kind, ReadOnlySpan<byte> name)
    {
        if (IsComplete || name.IsEmpty) return;
        if (Count == MaxComponents)
        {
            IsComplete = true;
            return;
        }
        int start = _text.Length;
        _text.Append(name);
        _components[Count++] = new Component(kind, start, _text.Length - start);
        IsComplete = kind == OwnerKind.Member;
    }

    /// <summary>A member whose name is two texts with something between them.</summary>
    internal void AddMember(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (IsComplete || Count == MaxComponents) return;
        int start = _text.Length;
        _text.Append(first);
        _text.Append(second);
        _components[Count++] = new Component(OwnerKind.Member, start, _text.Length - start);
        IsComplete = true;
    }

    internal void SetKind(int index, OwnerKind kind)
    {
        if ((uint)index < (uint)Count) _components[index] = _components[index] with { Kind = kind };
    }

    /// <summary>The last component is the function.</summary>
    internal void Complete()
    {
        SetKind(Count - 1, OwnerKind.Member);
        IsComplete = true;
    }

    private int Checked(int index) => (uint)index < (uint)Count ? index : throw new ArgumentOutOfRangeException(nameof(index));
}
