using BinarySize.IO;

namespace BinarySize.Formats.Managed;

/// <summary>The extent of a method body (ECMA-335 II.25.4): header, IL, exception sections. Sizes are bytes.</summary>
/// <param name="HeaderSize">1 for a tiny header, 12 for a fat one.</param>
/// <param name="CodeSize">Bytes of IL.</param>
/// <param name="Size">All of it, from the header to the end of the last section.</param>
/// <param name="LocalSignature">Token of the signature of its locals; 0 for none.</param>
internal readonly record struct MethodBody(int HeaderSize, long CodeSize, long Size, uint LocalSignature)
{
    /// <summary>Reads the body at the start of <paramref name="bytes"/>; throws where it does not fit.</summary>
    public static MethodBody Read(ByteView bytes)
    {
        byte first = bytes.U8(0);
        if ((first & 3) == 2)
        {
            long tiny = 1 + (first >> 2);
            if (tiny > bytes.Length) throw new BadFormatException("a method body does not fit its section");
            return new MethodBody(1, first >> 2, tiny, 0);
        }
        ushort flags = bytes.U16(0);
        if ((flags & 3) != 3 || flags >> 12 != 3) throw new BadFormatException($"a method header has the unknown form 0x{flags:X}");
        long code = bytes.U32(4), end = 12 + code;
        if (end > bytes.Length) throw new BadFormatException($"a method body of {code} bytes does not fit its section");
        bool more = (flags & 8) != 0;
        while (more)
        {
            // II.25.4.5: sections start at multiples of four; clauses take 12 bytes in a small section, 24 in a fat one.
            long section = (end + 3) & ~3L;
            byte kind = bytes.U8(section);
            bool fat = (kind & 0x40) != 0;
            long size = fat ? bytes.U32(section) >> 8 : bytes.U8(section + 1);
            // Some compilers leave the section's own header out of its size: the clauses count.
            end = section + 4 + (fat ? size / 24 * 24 : size / 12 * 12);
            if (end > bytes.Length) throw new BadFormatException($"an exception section of {size} bytes does not fit its method");
            more = (kind & 0x80) != 0;
        }
        return new MethodBody(12, code, end, bytes.U32(8));
    }

    // What follows each opcode (III.1.2): bytes, or a token, a string, a switch table. 0 for what has no operand or is not known.
    private const byte Token = 0x84, Switch = 0x85;

    private static readonly byte[] s_operands = MakeOperands();

    private static byte[] MakeOperands()
    {
        var o = new byte[512];
        for (int i = 0x0E; i <= 0x13; i++) o[i] = 1;
        o[0x1F] = 1;
        o[0x20] = o[0x22] = 4;
        o[0x21] = o[0x23] = 8;
        o[0x27] = o[0x28] = o[0x29] = Token;
        for (int i = 0x2B; i <= 0x37; i++) o[i] = 1;
        for (int i = 0x38; i <= 0x44; i++) o[i] = 4;
        o[0x45] = Switch;
        foreach (int i in (ReadOnlySpan<int>)[0x6F, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x79, 0x7B, 0x7C, 0x7D, 0x7E, 0x7F, 0x80, 0x81, 0x8C, 0x8D, 0x8F,
            0xA3, 0xA4, 0xA5, 0xC2, 0xC6, 0xD0])
        {
            o[i] = Token;
        }
        o[0xDD] = 4;
        o[0xDE] = 1;
        // Two-byte opcodes: 0xFE, then these.
        o[0x100 + 0x06] = o[0x100 + 0x07] = Token;
        for (int i = 0x09; i <= 0x0E; i++) o[0x100 + i] = 2;
        o[0x100 + 0x12] = o[0x100 + 0x19] = 1;
        o[0x100 + 0x15] = o[0x100 + 0x16] = o[0x100 + 0x1C] = Token;
        return o;
    }

    /// <summary>Collects the tokens that IL refers to (strings among them: 0x70…). IL that breaks off ends the list.</summary>
    public static void CollectTokens(ReadOnlySpan<byte> il, List<uint> tokens)
    {
        int at = 0;
        byte[] operands = s_operands;
        while (at < il.Length)
        {
            int opcode = il[at++];
            if (opcode == 0xFE)
            {
                if (at >= il.Length) return;
                opcode = 0x100 + il[at++];
            }
            int operand = operands[opcode];
            if (operand < 0x80)
            {
                at += operand;
                continue;
            }
            if (at + 4 > il.Length) return;
            uint value = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(il[at..]);
            at += 4;
            if (operand == Token) tokens.Add(value);
            else
            {
                if (value > (uint)(il.Length - at) / 4) return;
                at += (int)value * 4;
            }
        }
    }
}
