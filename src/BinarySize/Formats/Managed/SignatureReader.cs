using BinarySize.IO;

namespace BinarySize.Formats.Managed;

/// <summary>Walks signatures (ECMA-335 II.23.2) for the types that they refer to.</summary>
internal ref struct SignatureReader(ReadOnlySpan<byte> bytes)
{
    private const int MaxNesting = 64;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }

    private byte Next()
    {
        if (Position >= _bytes.Length) throw new BadFormatException("a signature breaks off");
        return _bytes[Position++];
    }

    /// <summary>A compressed unsigned number (II.23.2).</summary>
    public uint Compressed()
    {
        byte first = Next();
        if ((first & 0x80) == 0) return first;
        if ((first & 0x40) == 0) return (uint)(first & 0x3F) << 8 | Next();
        return (uint)(first & 0x1F) << 24 | (uint)Next() << 16 | (uint)Next() << 8 | Next();
    }

    /// <summary>Walks a signature of any kind but a TypeSpec, told by its first byte.</summary>
    /// <param name="types">Gets the TypeDefOrRef coded index of each type that is named.</param>
    public void Walk(List<uint> types)
    {
        byte kind = Next();
        switch (kind & 0x0F)
        {
            case 6:
                Type(types, 0);
                break;
            case 7 or 10:
                // Locals, or the arguments of an instantiation.
                Types(Compressed(), types, 0);
                break;
            default:
                Method(kind, types, 0);
                break;
        }
    }

    private void Types(uint count, List<uint> types, int depth)
    {
        if (count > _bytes.Length) throw new BadFormatException("a signature has more types than bytes");
        for (uint i = 0; i < count; i++) Type(types, depth);
    }

    private void Method(byte kind, List<uint> types, int depth)
    {
        if ((kind & 0x10) != 0) Compressed();
        uint count = Compressed();
        Type(types, depth);
        Types(count, types, depth);
    }

    /// <summary>Walks one type.</summary>
    public void Type(List<uint> types, int depth)
    {
        if (depth > MaxNesting) throw new BadFormatException("a signature is nested too deep");
        while (true)
        {
            byte element = Next();
            switch (element)
            {
                case 0x0F or 0x10 or 0x1D or 0x41 or 0x45 or 0x3D:
                    // Pointer, by reference, array, sentinel, pinned, and ReadyToRun's native value type: the type follows.
                    continue;
                case 0x3F:
                    // ReadyToRun: the type's tokens are those of another module.
                    Compressed();
                    continue;
                case 0x1F or 0x20:
                    // Custom modifiers.
                    types.Add(Compressed());
                    continue;
                case 0x11 or 0x12:
                    types.Add(Compressed());
                    return;
                case 0x13 or 0x1E or 0x3B:
                    Compressed();
                    return;
                case 0x14:
                    Type(types, depth + 1);
                    Compressed();
                    Skip(Compressed());
                    Skip(Compressed());
                    return;
                case 0x15:
                    // GENERICINST: class or value type, its definition, the arguments.
                    Next();
                    types.Add(Compressed());
                    Types(Compressed(), types, depth + 1);
                    return;
                case 0x1B:
                    Method(Next(), types, depth + 1);
                    return;
                default:
                    return;
            }
        }
    }

    private void Skip(uint count)
    {
        if (count > _bytes.Length) throw new BadFormatException("a signature has more bounds than bytes");
        for (uint i = 0; i < count; i++) Compressed();
    }
}
