using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// Numbers of NativeAOT's "native format": the lowest zero bit of the first byte says how many bytes there are (one to four
/// with seven bits each, or a raw word after a byte of which the low four bits are set).
/// </summary>
internal static class NativeFormat
{
    public static uint Unsigned(ByteView bytes, ref int at)
    {
        uint b = bytes.U8(at);
        uint value;
        if ((b & 1) == 0)
        {
            value = b >> 1;
            at += 1;
        }
        else if ((b & 2) == 0)
        {
            value = b >> 2 | (uint)bytes.U8(at + 1) << 6;
            at += 2;
        }
        else if ((b & 4) == 0)
        {
            value = b >> 3 | (uint)bytes.U8(at + 1) << 5 | (uint)bytes.U8(at + 2) << 13;
            at += 3;
        }
        else if ((b & 8) == 0)
        {
            value = b >> 4 | (uint)bytes.U8(at + 1) << 4 | (uint)bytes.U8(at + 2) << 12 | (uint)bytes.U8(at + 3) << 20;
            at += 4;
        }
        else if ((b & 16) == 0)
        {
            value = bytes.U32(at + 1);
            at += 5;
        }
        else throw new BadFormatException($"the number at offset {at} is not one of the native format");
        return value;
    }

    public static int Signed(ByteView bytes, ref int at)
    {
        int start = at;
        uint value = Unsigned(bytes, ref at);
        int bits = (at - start) * 7;
        return bits >= 32 ? (int)value : (int)(value << (32 - bits)) >> (32 - bits);
    }
}
